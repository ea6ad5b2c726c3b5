package stepupmfa

import "encoding/json"

// constant accepts exactly one value, of exactly its type: 1 and "true" are not true.
func constant[T comparable](v value, expected T) T {
	actual := v.json
	if number, ok := actual.(json.Number); ok {
		switch any(expected).(type) {
		case int64:
			actual, _ = parseInteger(number)
		case float64:
			actual, _ = number.Float64()
		}
	}
	if actual != any(expected) {
		shown, _ := json.Marshal(expected)
		v.fail("expected " + string(shown))
	}
	return expected
}
