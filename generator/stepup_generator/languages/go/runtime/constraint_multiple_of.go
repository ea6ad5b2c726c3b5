package stepupmfa

import "fmt"

func multipleOf(factor int64) constraint[int64] {
	return func(value int64) string {
		if value%factor != 0 {
			return fmt.Sprintf("expected a multiple of %d", factor)
		}
		return ""
	}
}
