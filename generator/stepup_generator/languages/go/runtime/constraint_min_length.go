package stepupmfa

import (
	"fmt"
	"unicode/utf8"
)

// minLength counts characters, not bytes.
func minLength(limit int) constraint[string] {
	return func(value string) string {
		if utf8.RuneCountInString(value) < limit {
			return fmt.Sprintf("expected at least %d characters", limit)
		}
		return ""
	}
}
