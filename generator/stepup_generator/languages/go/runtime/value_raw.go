package stepupmfa

import "encoding/json"

// raw returns a value as JSON again.
func (v value) raw() json.RawMessage {
	raw, err := json.Marshal(v.json)
	if err != nil {
		v.fail("expected something that can be written as JSON")
	}
	return raw
}
