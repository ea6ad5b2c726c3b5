package stepupmfa

// reference makes a decoder return a pointer.
func reference[T any](decode func(value) T) func(value) *T {
	return func(v value) *T {
		decoded := decode(v)
		return &decoded
	}
}
