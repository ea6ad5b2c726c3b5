package stepupmfa

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// call is one call of an operation, built from its arguments.
type call struct {
	operation  string
	method     string
	path       string
	repeatable bool
	query      []string
	header     [][2]string
	credential [2]string
	hasBody    bool
	body       any
	secrets    []string
	problems   map[string]string
}

// newCall begins a call. In its path each parameter stands in braces; repeatable says whether it may be sent again after
// it may have reached the server.
func newCall(operation, method, path string, repeatable bool) *call {
	return &call{operation: operation, method: method, path: path, repeatable: repeatable}
}

func (c *call) reject(name, problem string) {
	if c.problems == nil {
		c.problems = map[string]string{}
	}
	c.problems[name] = problem
}

// scrub removes the key and secret arguments from a text.
func (c *call) scrub(s *settings, text string) string {
	for _, hidden := range append([]string{s.key.Reveal()}, c.secrets...) {
		text = strings.ReplaceAll(text, hidden, "***")
	}
	return text
}

func (c *call) request(ctx context.Context, s *settings) (*http.Request, error) {
	address := s.url + c.path
	if len(c.query) > 0 {
		address += "?" + strings.Join(c.query, "&")
	}
	var body io.Reader
	if c.hasBody {
		content, err := json.Marshal(c.body)
		if err != nil {
			return nil, err
		}
		body = strings.NewReader(string(content))
	} else if !c.repeatable {
		// An empty body that cannot be read twice: otherwise the transport may repeat a GET by itself.
		body = io.NopCloser(strings.NewReader(""))
	}
	request, err := http.NewRequestWithContext(ctx, c.method, address, body)
	if err != nil {
		return nil, err
	}
	request.Header = s.headers.Clone()
	for _, item := range c.header {
		request.Header.Set(item[0], item[1])
	}
	request.Header.Set("Accept", "application/json")
	if c.hasBody {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.credential[0] != "" {
		request.Header.Set(c.credential[0], c.credential[1]+s.key.Reveal())
	}
	return request, nil
}
