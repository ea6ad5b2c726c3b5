package stepupmfa

import (
	"context"
	"strconv"
	"time"
)

// success is a response that the API documents as one: a status such as 200, or a range such as 2XX. Without a decoder
// it has no body.
type success[T any] struct {
	status    string
	mediaType string
	decode    func(value) T
}

// run makes a call. What counts as success is exactly what the API documents, and nothing is sent twice that could have
// been carried out already, unless the API says that it may be repeated.
func run[T any](ctx context.Context, client *Client, c *call, successes ...success[T]) (T, error) {
	if ctx == nil {
		c.reject("ctx", "is missing")
	}
	if client == nil || client.settings == nil {
		c.reject("client", "expected one that New has returned")
	}
	if len(c.problems) > 0 {
		var none T
		return none, &InvalidArgumentError{Operation: c.operation, Problems: c.problems}
	}
	s := client.settings
	for tries := 1; ; tries++ {
		result := c.send(ctx, s)
		expected := documented(successes, result.status)
		wait := firstPause
		if tries > s.retries || expected != nil || !c.again(ctx, &result, tries, &wait) {
			return interpret(c, s, &result, expected)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			result = outcome{reason: reason(ctx.Err()), sent: result.sent, timedOut: isTimeout(ctx.Err()), cause: ctx.Err()}
			return interpret(c, s, &result, expected)
		}
	}
}

func documented[T any](successes []success[T], status int) *success[T] {
	for _, name := range []string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX"} {
		for index := range successes {
			if successes[index].status == name {
				return &successes[index]
			}
		}
	}
	return nil
}
