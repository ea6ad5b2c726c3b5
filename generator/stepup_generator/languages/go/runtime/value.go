package stepupmfa

// Decoding fails closed on what a caller relies on (types, constants, required fields, emptiness) and accepts everything
// newer: unknown fields, enum values and variants. No problem holds a value: it may be a secret.

// decoding collects what is wrong with a response: the first problem.
type decoding struct{ problem string }

// value is a part of a response; path is its JSON pointer.
type value struct {
	json     any
	path     string
	decoding *decoding
}
