package stepupmfa

import "fmt"

func maximum[T int64 | float64](limit T) constraint[T] {
	return func(value T) string {
		if value > limit {
			return fmt.Sprintf("expected at most %v", limit)
		}
		return ""
	}
}
