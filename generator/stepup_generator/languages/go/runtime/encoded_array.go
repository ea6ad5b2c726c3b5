package stepupmfa

import "strconv"

func jsonArray[T any](items []T, encode func(T) encoded, constraints ...constraint[[]any]) encoded {
	array := make([]any, 0, len(items))
	for index, item := range items {
		value := encode(item)
		if value.problem != "" {
			return invalid(strconv.Itoa(index) + ": " + value.problem)
		}
		array = append(array, value.json)
	}
	return encoded{json: array, problem: violated(array, constraints)}
}
