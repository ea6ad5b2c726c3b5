package stepupmfa

import "time"

// date checks the form of RFC 3339: 2026-01-31.
func date(value string) string {
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		return "expected a date like 2026-01-31"
	}
	return ""
}
