package stepupmfa

import "fmt"

func exclusiveMaximum[T int64 | float64](limit T) constraint[T] {
	return func(value T) string {
		if value >= limit {
			return fmt.Sprintf("expected less than %v", limit)
		}
		return ""
	}
}
