package stepupmfa

import "fmt"

func exclusiveMinimum[T int64 | float64](limit T) constraint[T] {
	return func(value T) string {
		if value <= limit {
			return fmt.Sprintf("expected more than %v", limit)
		}
		return ""
	}
}
