package stepupmfa

func mapOf[T any](v value, decode func(value) T) map[string]T {
	decoded := map[string]T{}
	for name, item := range v.object() {
		decoded[name] = decode(value{item, v.path + "/*", v.decoding})
	}
	return decoded
}
