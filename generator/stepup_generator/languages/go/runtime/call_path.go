package stepupmfa

import (
	"fmt"
	"strings"
)

func (c *call) inPath(name string, argument encoded) {
	text := plain(argument.json)
	// RFC 3986 section 5.2.4: these would not stay segments.
	if argument.problem == "" && (text == "" || text == "." || text == "..") {
		argument.problem = "expected something that can stand in a path"
	}
	if c.accepts(name, argument) {
		c.path = strings.Replace(c.path, "{"+name+"}", segment(text), 1)
	}
}

// segment returns a text as one segment of a path: only unreserved characters stay.
func segment(text string) string {
	var escaped strings.Builder
	for _, char := range []byte(text) {
		switch {
		case 'a' <= char && char <= 'z', 'A' <= char && char <= 'Z', '0' <= char && char <= '9', strings.IndexByte("-._~", char) >= 0:
			escaped.WriteByte(char)
		default:
			fmt.Fprintf(&escaped, "%%%02X", char)
		}
	}
	return escaped.String()
}
