package stepupmfa

import "encoding/json"

func (v value) integer() int64 {
	number, _ := v.json.(json.Number)
	integer, ok := parseInteger(number)
	if !ok {
		v.fail("expected an integer")
	}
	return integer
}
