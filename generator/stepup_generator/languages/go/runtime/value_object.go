package stepupmfa

func (v value) object() map[string]any {
	object, ok := v.json.(map[string]any)
	if !ok {
		v.fail("expected an object")
	}
	return object
}
