package stepupmfa

import (
	"regexp"
	"strings"
	"time"
)

var dateTimeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$`)

// dateTime checks the form of RFC 3339: 2026-01-31T12:00:00Z.
func dateTime(value string) string {
	const problem = "expected a date and time like 2026-01-31T12:00:00Z"
	if !dateTimeForm.MatchString(value) {
		return problem
	}
	value = strings.ToUpper(value)
	// time knows no leap seconds, which RFC 3339 allows.
	if value[17:19] == "60" {
		value = value[:17] + "59" + value[19:]
	}
	if _, err := time.Parse(time.RFC3339, value); err != nil {
		return problem
	}
	return ""
}
