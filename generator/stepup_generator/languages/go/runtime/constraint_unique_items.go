package stepupmfa

// uniqueItems is for strings, integers and booleans.
func uniqueItems(items []any) string {
	seen := map[any]bool{}
	for _, item := range items {
		if seen[item] {
			return "expected items that differ"
		}
		seen[item] = true
	}
	return ""
}
