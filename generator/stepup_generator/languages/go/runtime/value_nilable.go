package stepupmfa

// nilable is for types that have a nil of their own.
func nilable[T any](v value, decode func(value) T) (none T) {
	if v.json == nil {
		return none
	}
	return decode(v)
}
