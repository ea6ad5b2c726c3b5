package stepupmfa

import "unicode/utf8"

func jsonString(value string, constraints ...constraint[string]) encoded {
	if !utf8.ValidString(value) {
		return invalid("expected text in UTF-8")
	}
	return encoded{json: value, problem: violated(value, constraints)}
}
