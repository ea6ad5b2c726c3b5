package stepupmfa

import "fmt"

func maxProperties(limit int) constraint[map[string]any] {
	return func(value map[string]any) string {
		if len(value) > limit {
			return fmt.Sprintf("expected at most %d entries", limit)
		}
		return ""
	}
}
