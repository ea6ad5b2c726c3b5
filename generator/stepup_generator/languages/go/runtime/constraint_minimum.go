package stepupmfa

import "fmt"

func minimum[T int64 | float64](limit T) constraint[T] {
	return func(value T) string {
		if value < limit {
			return fmt.Sprintf("expected at least %v", limit)
		}
		return ""
	}
}
