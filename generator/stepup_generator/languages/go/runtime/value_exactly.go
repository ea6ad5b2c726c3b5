package stepupmfa

// exactly accepts one array or object, expected as compact JSON with sorted names.
func exactly(v value, expected string) any {
	if string(v.raw()) != expected {
		v.fail("expected another value")
	}
	return v.json
}
