package stepupmfa

// anyOf returns the first of some members that is present.
func anyOf(body map[string]any, names ...string) any {
	for _, name := range names {
		if body[name] != nil {
			return body[name]
		}
	}
	return nil
}
