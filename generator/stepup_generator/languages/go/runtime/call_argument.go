package stepupmfa

// accepts notes what is wrong with an argument, and says whether nothing is.
func (c *call) accepts(name string, argument encoded) bool {
	if text, ok := argument.json.(string); ok && argument.secret && text != "" {
		c.secrets = append(c.secrets, text)
	}
	if argument.problem != "" {
		c.reject(name, argument.problem)
	}
	return argument.problem == ""
}
