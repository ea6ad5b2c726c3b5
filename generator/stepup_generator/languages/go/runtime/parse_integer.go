package stepupmfa

import (
	"encoding/json"
	"math"
	"strconv"
)

// parseInteger accepts 60.0 as well, as JSON Schema does. Beyond 2^53 such a form is not exact.
func parseInteger(text json.Number) (int64, bool) {
	if integer, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return integer, true
	}
	number, err := strconv.ParseFloat(string(text), 64)
	return int64(number), err == nil && math.Trunc(number) == number && math.Abs(number) <= 1<<53
}
