package stepupmfa

import (
	"fmt"
	"unicode/utf8"
)

// maxLength counts characters, not bytes.
func maxLength(limit int) constraint[string] {
	return func(value string) string {
		if utf8.RuneCountInString(value) > limit {
			return fmt.Sprintf("expected at most %d characters", limit)
		}
		return ""
	}
}
