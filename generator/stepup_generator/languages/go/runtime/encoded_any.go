package stepupmfa

import "encoding/json"

// jsonAny is for whatever encoding/json can write.
func jsonAny(value any) encoded {
	content, err := json.Marshal(value)
	if err != nil {
		return invalid("expected something that can be written as JSON")
	}
	return encoded{json: json.RawMessage(content)}
}
