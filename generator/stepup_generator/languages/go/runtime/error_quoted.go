package stepupmfa

import "regexp"

var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// quoted returns a name for a message; sentences of a server are not quoted.
func quoted(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return "?"
}
