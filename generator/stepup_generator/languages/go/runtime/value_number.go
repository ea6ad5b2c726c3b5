package stepupmfa

import (
	"encoding/json"
	"strconv"
)

func (v value) number() float64 {
	text, _ := v.json.(json.Number)
	number, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		v.fail("expected a number")
	}
	return number
}
