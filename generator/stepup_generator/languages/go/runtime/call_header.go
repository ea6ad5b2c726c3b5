package stepupmfa

func (c *call) inHeader(name string, argument encoded) {
	text := plain(argument.json)
	if argument.problem == "" && !printable(text) {
		argument.problem = "expected printable ASCII"
	}
	if c.accepts(name, argument) {
		c.header = append(c.header, [2]string{name, text})
	}
}
