package stepupmfa

import "fmt"

func minProperties(limit int) constraint[map[string]any] {
	return func(value map[string]any) string {
		if len(value) < limit {
			return fmt.Sprintf("expected at least %d entries", limit)
		}
		return ""
	}
}
