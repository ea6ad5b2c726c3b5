package stepupmfa

import "os"

// Client calls the API. It comes from [New], and is safe for use by many goroutines.
type Client struct {
	// Behind a pointer, so that printing a client never reaches the key.
	settings *settings
}

func newClient(authURL, apiKey string, options []Option) (*Client, error) {
	if authURL == "" {
		authURL = os.Getenv(environment + "_AUTH_URL")
	}
	if apiKey == "" {
		apiKey = os.Getenv(environment + "_API_KEY")
	}
	checked, err := newSettings(authURL, apiKey, options)
	if err != nil {
		return nil, err
	}
	return &Client{settings: checked}, nil
}

// String returns the address, and no key.
func (c *Client) String() string {
	if c == nil || c.settings == nil {
		return "stepupmfa.Client"
	}
	return "stepupmfa.Client(" + c.settings.url + ")"
}
