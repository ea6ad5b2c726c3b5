package stepupmfa

import (
	"regexp"
	"sync"
)

// patterns are compiled once each: they come from the API's document, so there are few.
var patterns sync.Map

// pattern searches a regular expression; its $ is the very end of the text.
func pattern(source string) constraint[string] {
	compiled, ok := patterns.Load(source)
	if !ok {
		compiled, _ = patterns.LoadOrStore(source, regexp.MustCompile(source))
	}
	return func(value string) string {
		if !compiled.(*regexp.Regexp).MatchString(value) {
			return "expected text that matches " + source
		}
		return ""
	}
}
