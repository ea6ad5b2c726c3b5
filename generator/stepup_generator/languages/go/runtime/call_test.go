package stepupmfa

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/stepup-mfa/stepup-mfa-go/models"
)

// requested builds the request of a call, and returns its target, the header X-Trace and its body.
func requested(t *testing.T, fill func(c *call)) [3]string {
	t.Helper()
	client, err := New("https://auth.example.com/", "key")
	if err != nil {
		t.Fatal(err)
	}
	c := newCall("Read", "POST", "/a/{id}/{other}", false)
	fill(c)
	if len(c.problems) > 0 {
		t.Fatal(c.problems)
	}
	request, err := c.request(context.Background(), client.settings)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(request.Body)
	return [3]string{request.URL.String(), request.Header.Get("X-Trace"), string(body)}
}

func TestArgumentsReachTheirPlace(t *testing.T) {
	found := requested(t, func(c *call) {
		c.inPath("id", jsonString("a/b {other}"))
		c.inPath("other", jsonInteger(7))
		c.inQuery("from", jsonString("&"))
		c.inQuery("tag", jsonArray([]float64{0.5, 1e21}, func(value float64) encoded { return jsonNumber(value) }))
		c.inHeader("X-Trace", jsonBoolean(true))
		c.objectBody()
		c.inBody("name", jsonString("x"))
	})
	target := "https://auth.example.com/a/a%2Fb%20%7Bother%7D/7?from=%26&tag=0.5&tag=1000000000000000000000"
	if found != [3]string{target, "true", `{"name":"x"}`} {
		t.Errorf("got %v", found)
	}
	if found := requested(t, func(c *call) { c.asBody(encoded{}) }); found[2] != "null" {
		t.Errorf("got %v", found)
	}
	if found := requested(t, func(*call) {}); found[2] != "" {
		t.Errorf("got %v", found)
	}
}

func TestArgumentsThatCannotBeSentAreRejectedByName(t *testing.T) {
	c := newCall("Read", "GET", "/{id}", true)
	c.inPath("id", jsonString(".."))
	c.inQuery("query", invalid("x"))
	c.inHeader("header", jsonString("\n"))
	c.objectBody()
	c.inBody("member", invalid("x"))
	c.asBody(invalid("x"))
	_, err := run[any](context.Background(), nil, c)
	var rejected *InvalidArgumentError
	if !errors.As(err, &rejected) {
		t.Fatalf("got %v", err)
	}
	names := []string{"body", "client", "header", "id", "member", "query"}
	if !reflect.DeepEqual(sortedKeys(rejected.Problems), names) {
		t.Errorf("got %v", rejected.Problems)
	}
}

func TestSecretsAreScrubbed(t *testing.T) {
	c := newCall("Read", "GET", "/", true)
	c.inHeader("code", asSecret(jsonString("canary-code")))
	client := &Client{&settings{key: models.NewSecret("canary-key")}}
	if text := c.scrub(client.settings, "canary-code and canary-key"); text != "*** and ***" {
		t.Errorf("got %q", text)
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	later := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	for text, expected := range map[string]float64{
		"7": 7, " 0 ": 0, later: 60, "Mon, 02 Jan 2006 15:04:05 GMT": 0,
		"": -1, "-1": -1, "1.5": -1, "Mon, 02 Jan 2006 5:04:05 GMT": -1,
	} {
		result := outcome{header: http.Header{"Retry-After": {text}}}
		seconds := -1.0
		if wait := result.retryWait(); wait != nil {
			seconds = wait.Seconds()
		}
		if seconds > expected || seconds < expected-5 {
			t.Errorf("%q: expected %v, got %v", text, expected, seconds)
		}
	}
}

func TestErrorsHoldWhatTheBodyHolds(t *testing.T) {
	body := map[string]any{"b": "text", "c": map[string]any{}, "d": map[string]any{"x": "y", "z": 1}}
	if text := textOf(body, "a", "c", "b"); text != "text" {
		t.Errorf("got %q", text)
	}
	if texts := textsOf(body, "c", "d"); !reflect.DeepEqual(texts, map[string]string{"x": "y"}) {
		t.Errorf("got %v", texts)
	}
	if found := anyOf(body, "a", "b"); found != "text" || anyOf(body, "a") != nil {
		t.Errorf("got %v", found)
	}
	if quoted("a sentence") != "?" || quoted("a_code") != "a_code" {
		t.Error("names are quoted, and sentences are not")
	}
	common := &APIError{body: &body}
	if (&GoneError{common}).Unwrap() != error(common) {
		t.Error("a typed error unwraps to the common one")
	}
}
