package stepupmfa

import (
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/stepup-mfa/stepup-mfa-go/models"
)

// settings are those of a client, checked and complete.
type settings struct {
	url       string
	key       models.Secret[string]
	timeout   time.Duration
	retries   int
	headers   http.Header
	transport http.RoundTripper
	problems  map[string]string
}

// Option is a setting of a client.
type Option func(*settings)

// WithTimeout sets how long one try may take, to the end of its response. The default is ten seconds.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) {
		if s.timeout = timeout; timeout <= 0 {
			s.problems["timeout"] = "expected more than zero"
		}
	}
}

// WithRetries sets how often a call may be retried, where that is safe: 0 to 10. The default is 2.
func WithRetries(retries int) Option {
	return func(s *settings) {
		if s.retries = retries; retries < 0 || retries > 10 {
			s.problems["retries"] = "expected a number from 0 to 10"
		}
	}
}

// WithHeader sends a header with every request.
func WithHeader(name, text string) Option {
	return func(s *settings) {
		switch lower := strings.ToLower(name); {
		case !headerName.MatchString(name) || !printable(text):
			s.problems["headers"] = "expected names and values of printable ASCII"
		case slices.Contains(credentialHeaders, lower):
			s.problems["headers"] = "the API key is an argument of its own"
		case slices.Contains([]string{"content-length", "host", "transfer-encoding"}, lower):
			s.problems["headers"] = lower + " follows from the address and the body"
		default:
			s.headers.Set(name, text)
		}
	}
}

// WithHTTPClient makes the requests through the transport of your own client, with your proxies, certificates and
// logs; it sees the key and the codes. Nothing else of that client is used: redirects are never followed.
func WithHTTPClient(client *http.Client) Option {
	return func(s *settings) {
		if client == nil {
			s.problems["http client"] = "is missing"
		} else if client.Transport != nil {
			s.transport = client.Transport
		}
	}
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// newSettings checks the arguments of a client; no problem holds the key or the value of a header.
func newSettings(authURL, apiKey string, options []Option) (*settings, error) {
	s := &settings{
		url:       baseURL(authURL),
		key:       models.NewSecret(apiKey),
		timeout:   10 * time.Second,
		retries:   2,
		headers:   http.Header{"User-Agent": []string{userAgent + runtime.Version()}},
		transport: http.DefaultTransport,
		problems:  map[string]string{},
	}
	for _, option := range options {
		if option != nil {
			option(s)
		}
	}
	if authURL == "" {
		s.problems["authURL"] = "is missing; pass it, or set " + environment + "_AUTH_URL"
	} else if s.url == "" {
		s.problems["authURL"] = "expected an address like https://auth.example.com, without query, fragment and password"
	}
	if apiKey == "" {
		s.problems["apiKey"] = "is missing; pass it, or set " + environment + "_API_KEY"
	} else if !printable(apiKey) || strings.Contains(apiKey, " ") {
		s.problems["apiKey"] = "expected printable ASCII without spaces"
	}
	if len(s.problems) > 0 {
		return nil, &InvalidArgumentError{Operation: "New", Problems: s.problems}
	}
	return s, nil
}

// baseURL returns an address without the slashes at its end, "" where it cannot be that of a server.
func baseURL(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Hostname() == "" {
		return ""
	}
	if parsed.User != nil || parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "" {
		return ""
	}
	return parsed.Scheme + "://" + parsed.Host + strings.TrimRight(parsed.EscapedPath(), "/")
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(char rune) bool { return char < ' ' || char > '~' })
}
