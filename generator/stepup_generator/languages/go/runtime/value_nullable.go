package stepupmfa

// nullable returns a pointer to the decoded value, nil for null.
func nullable[T any](v value, decode func(value) T) *T {
	if v.json == nil {
		return nil
	}
	decoded := decode(v)
	return &decoded
}
