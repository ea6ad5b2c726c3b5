package stepupmfa

// string returns a string; a minimum length is checked for emptiness only.
func (v value) string(least int) string {
	text, ok := v.json.(string)
	if !ok {
		v.fail("expected a string")
	} else if text == "" && least > 0 {
		v.fail("expected a string that is not empty")
	}
	return text
}
