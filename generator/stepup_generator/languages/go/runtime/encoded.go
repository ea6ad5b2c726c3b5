package stepupmfa

// Encoding checks the constraints of the API before anything is sent. No problem holds a value: it may be a secret.

// encoded is an argument as JSON, or else the problem with it.
type encoded struct {
	json    any
	problem string
	secret  bool
}
