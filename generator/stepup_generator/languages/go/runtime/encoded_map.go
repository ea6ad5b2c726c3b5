package stepupmfa

import "unicode/utf8"

func jsonMap[T any](entries map[string]T, encode func(T) encoded, constraints ...constraint[map[string]any]) encoded {
	object := make(map[string]any, len(entries))
	for name, item := range entries {
		value := encode(item)
		switch {
		case !utf8.ValidString(name):
			return invalid("expected names in UTF-8")
		case value.problem != "":
			return invalid(name + ": " + value.problem)
		}
		object[name] = value.json
	}
	return encoded{json: object, problem: violated(object, constraints)}
}
