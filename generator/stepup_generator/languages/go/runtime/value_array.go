package stepupmfa

import "strconv"

// arrayOf returns an array; a minimum number of items is checked for emptiness only.
func arrayOf[T any](v value, least int, decode func(value) T) []T {
	items, ok := v.json.([]any)
	if !ok {
		v.fail("expected an array")
	} else if len(items) == 0 && least > 0 {
		v.fail("expected an array that is not empty")
	}
	decoded := make([]T, 0, len(items))
	for index, item := range items {
		decoded = append(decoded, decode(value{item, v.path + "/" + strconv.Itoa(index), v.decoding}))
	}
	return decoded
}
