package stepupmfa

// objectBody makes the body an object, for inBody.
func (c *call) objectBody() {
	c.hasBody, c.body = true, map[string]any{}
}

// inBody sets a member of an object that is the body.
func (c *call) inBody(name string, argument encoded) {
	if c.accepts(name, argument) {
		c.body.(map[string]any)[name] = argument.json
	}
}
