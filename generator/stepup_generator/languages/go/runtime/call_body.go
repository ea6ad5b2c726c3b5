package stepupmfa

// asBody makes an argument the body.
func (c *call) asBody(argument encoded) {
	if c.accepts("body", argument) {
		c.hasBody, c.body = true, argument.json
	}
}
