package stepupmfa

import "encoding/json"

// jsonLiteral is for a constant that no type holds.
func jsonLiteral(expected string) encoded {
	return encoded{json: json.RawMessage(expected)}
}
