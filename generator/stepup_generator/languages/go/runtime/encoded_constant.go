package stepupmfa

import "encoding/json"

// jsonConstant is for a constant, which may be left unset.
func jsonConstant[T comparable](value, expected T) encoded {
	var unset T
	if value != unset && value != expected {
		shown, _ := json.Marshal(expected)
		return invalid("expected " + string(shown))
	}
	return encoded{json: expected}
}
