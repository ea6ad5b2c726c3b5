package stepupmfa

// jsonPointer encodes what a pointer leads to; nil is null.
func jsonPointer[T any](value *T, encode func(T) encoded) encoded {
	if value == nil {
		return encoded{}
	}
	return encode(*value)
}
