package stepupmfa

import "fmt"

func maxItems(limit int) constraint[[]any] {
	return func(value []any) string {
		if len(value) > limit {
			return fmt.Sprintf("expected at most %d items", limit)
		}
		return ""
	}
}
