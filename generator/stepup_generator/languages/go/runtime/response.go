package stepupmfa

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryWait reads the header of RFC 9110 section 10.2.3, nil where it is neither seconds nor an IMF-fixdate.
func (o *outcome) retryWait() *time.Duration {
	text := strings.TrimSpace(o.header.Get("Retry-After"))
	var wait time.Duration
	if text != "" && strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.Atoi(text[:min(len(text), 9)])
		if err != nil {
			return nil
		}
		wait = time.Duration(seconds) * time.Second
	} else {
		moment, err := time.Parse(http.TimeFormat, text)
		// Parsing is lenient: 1:02:03 passes for 01:02:03.
		if err != nil || moment.Format(http.TimeFormat) != text {
			return nil
		}
		wait = max(0, time.Until(moment))
	}
	return &wait
}

// document returns the JSON document of the body, or else the problem with it. Without an expected media type any that
// is JSON is accepted.
func (o *outcome) document(expected string) (document any, problem string) {
	kind, _, _ := strings.Cut(strings.Join(o.header.Values("Content-Type"), ", "), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	matches := kind == expected
	if expected == "" {
		matches, expected = kind == "application/json" || strings.HasSuffix(kind, "+json"), "JSON"
	}
	if !matches {
		if kind == "" {
			kind = "of no media type"
		}
		return nil, "the response is " + kind + ", not " + expected
	}
	document, err := parse(o.content)
	if err != nil {
		return nil, "the response is not valid JSON"
	}
	return document, ""
}
