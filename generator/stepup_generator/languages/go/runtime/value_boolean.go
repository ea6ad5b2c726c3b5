package stepupmfa

func (v value) boolean() bool {
	boolean, ok := v.json.(bool)
	if !ok {
		v.fail("expected true or false")
	}
	return boolean
}
