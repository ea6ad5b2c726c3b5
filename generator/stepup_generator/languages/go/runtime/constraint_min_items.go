package stepupmfa

import "fmt"

func minItems(limit int) constraint[[]any] {
	return func(value []any) string {
		if len(value) < limit {
			return fmt.Sprintf("expected at least %d items", limit)
		}
		return ""
	}
}
