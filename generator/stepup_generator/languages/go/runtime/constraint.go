package stepupmfa

// constraint says what a value violates, "" where it holds.
type constraint[T any] func(value T) string

// violated returns the first problem.
func violated[T any](value T, constraints []constraint[T]) string {
	for _, check := range constraints {
		if problem := check(value); problem != "" {
			return problem
		}
	}
	return ""
}
