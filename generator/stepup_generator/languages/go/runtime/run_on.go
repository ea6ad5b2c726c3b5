package stepupmfa

func on[T any](status, mediaType string, decode func(value) T) success[T] {
	return success[T]{status, mediaType, decode}
}
