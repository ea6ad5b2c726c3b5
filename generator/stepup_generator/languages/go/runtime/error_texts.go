package stepupmfa

// textsOf returns the first of some objects that is not empty, without what is not a string in it.
func textsOf(body map[string]any, names ...string) map[string]string {
	texts := map[string]string{}
	for _, name := range names {
		object, _ := body[name].(map[string]any)
		for key, value := range object {
			if text, ok := value.(string); ok {
				texts[key] = text
			}
		}
		if len(object) > 0 {
			break
		}
	}
	return texts
}
