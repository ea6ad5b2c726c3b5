package stepupmfa

// asSecret marks what must not be in an error.
func asSecret(value encoded) encoded {
	value.secret = true
	return value
}
