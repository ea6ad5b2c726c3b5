package stepupmfa

// fits says whether a value can be decoded in one of several ways, and returns the result.
func fits[T any](v value, decode func(value) T) (*T, bool) {
	v.decoding = &decoding{}
	decoded := decode(v)
	return &decoded, v.decoding.problem == ""
}
