package stepupmfa

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
)

// InvalidArgumentError reports arguments that were rejected before anything was sent.
type InvalidArgumentError struct {
	// Operation is the method that was called.
	Operation string

	// Problems say for each argument, by its name in the API, what was expected.
	Problems map[string]string
}

// Error says what was expected, and never what was passed.
func (e *InvalidArgumentError) Error() string {
	parts := make([]string, 0, len(e.Problems))
	for _, name := range sortedKeys(e.Problems) {
		parts = append(parts, name+": "+e.Problems[name])
	}
	return e.Operation + ": " + strings.Join(parts, "; ")
}

// NotSentError reports that no connection was made: nothing was carried out, and a retry is safe.
type NotSentError struct {
	// TimedOut says whether the time was up.
	TimedOut bool

	message string
	cause   error
}

// Error says what happened.
func (e *NotSentError) Error() string { return e.message }

// Unwrap returns the error of the context, where that ended the call.
func (e *NotSentError) Unwrap() error { return e.cause }

// NoAnswerError reports that no complete response arrived. The call may have been carried out.
type NoAnswerError struct {
	// TimedOut says whether the time was up.
	TimedOut bool

	message string
	cause   error
}

// Error says what happened.
func (e *NoAnswerError) Error() string { return e.message }

// Unwrap returns the error of the context, where that ended the call.
func (e *NoAnswerError) Unwrap() error { return e.cause }

// UnexpectedAnswerError reports a response that the API does not document: a proxy's page, a redirect, or a body
// without what was promised. It never counts as success.
type UnexpectedAnswerError struct {
	response responseInfo
	message  string
}

// Error says what is wrong with the response.
func (e *UnexpectedAnswerError) Error() string { return e.message }

// Status returns the HTTP status of the response.
func (e *UnexpectedAnswerError) Status() int { return e.response.status }

// RequestID returns the X-Request-Id of the response, "" without one.
func (e *UnexpectedAnswerError) RequestID() string { return e.response.requestID }

// RetryAfter returns the Retry-After of the response, counted from its arrival.
func (e *UnexpectedAnswerError) RetryAfter() (time.Duration, bool) { return e.response.retryAfter() }

// responseInfo is what an error keeps of a response.
type responseInfo struct {
	status    int
	requestID string
	wait      *time.Duration
}

func (r responseInfo) retryAfter() (time.Duration, bool) {
	if r.wait == nil {
		return 0, false
	}
	return *r.wait, true
}

// APIError reports that the API rejected the call. Each error code that this version knows has a type of its own,
// which unwraps to an APIError; any other code is an APIError alone.
type APIError struct {
	response responseInfo
	message  string
	// Behind a pointer, since fmt would print it: the server may have repeated what it was sent.
	body *map[string]any
}

// Error says what the API rejected, in codes and never in sentences.
func (e *APIError) Error() string { return e.message }

// Format writes what Error returns, whatever the verb.
func (e *APIError) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, e.message) }

// Status returns the HTTP status of the response.
func (e *APIError) Status() int { return e.response.status }

// RequestID returns the X-Request-Id of the response, "" without one.
func (e *APIError) RequestID() string { return e.response.requestID }

// RetryAfter returns the Retry-After of the response, counted from its arrival.
func (e *APIError) RetryAfter() (time.Duration, bool) { return e.response.retryAfter() }

// Body returns the error body as it arrived; its numbers are of the type json.Number.
func (e *APIError) Body() map[string]any { return *e.body }

// sortedKeys returns the keys of a map in order.
func sortedKeys(texts map[string]string) []string {
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
