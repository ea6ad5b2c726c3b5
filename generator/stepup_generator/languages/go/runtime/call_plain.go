package stepupmfa

import (
	"fmt"
	"strconv"
)

// plain formats a scalar for a path, a query or a header.
func plain(scalar any) string {
	if number, ok := scalar.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(scalar)
}
