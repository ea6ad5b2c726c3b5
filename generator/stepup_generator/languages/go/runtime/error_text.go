package stepupmfa

// textOf returns the first of some members that is a string.
func textOf(body map[string]any, names ...string) string {
	for _, name := range names {
		if text, ok := body[name].(string); ok {
			return text
		}
	}
	return ""
}
