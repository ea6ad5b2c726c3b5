package stepupmfa

func null(v value) any {
	if v.json != nil {
		v.fail("expected null")
	}
	return nil
}
