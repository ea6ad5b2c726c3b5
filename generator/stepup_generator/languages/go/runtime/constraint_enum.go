package stepupmfa

import (
	"encoding/json"
	"slices"
)

func enum[T comparable](values ...T) constraint[T] {
	return func(value T) string {
		if !slices.Contains(values, value) {
			shown, _ := json.Marshal(values)
			return "expected one of " + string(shown)
		}
		return ""
	}
}
