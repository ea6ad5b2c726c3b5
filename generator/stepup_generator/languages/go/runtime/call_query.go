package stepupmfa

import "net/url"

func (c *call) inQuery(name string, argument encoded) {
	if !c.accepts(name, argument) {
		return
	}
	values, ok := argument.json.([]any)
	if !ok {
		values = []any{argument.json}
	}
	for _, value := range values {
		c.query = append(c.query, url.QueryEscape(name)+"="+url.QueryEscape(plain(value)))
	}
}
