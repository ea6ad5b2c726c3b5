package stepupmfa

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync/atomic"
)

// maxBytes bounds a response. Those of this API are small; a larger one comes from something else.
const maxBytes = 1 << 20

// outcome is the result of one try: a response, read to its end, or with status 0 the reason why there is none.
type outcome struct {
	status  int
	header  http.Header
	content []byte

	reason   string
	sent     bool
	timedOut bool
	cause    error
}

// send makes one try.
func (c *call) send(ctx context.Context, s *settings) outcome {
	if err := ctx.Err(); err != nil {
		return outcome{reason: reason(err), timedOut: isTimeout(err), cause: err}
	}
	trying, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// A transport that asks for a connection and gets none has sent nothing. One that reports neither may have.
	var asked, connected atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}
	request, err := c.request(httptrace.WithClientTrace(trying, trace), s)
	if err != nil {
		return outcome{reason: "the request cannot be built"}
	}
	// Not by an http.Client, which would follow redirects, and send the key with them.
	response, err := s.transport.RoundTrip(request)
	if err == nil && response == nil {
		err = io.ErrUnexpectedEOF
	}
	var result outcome
	if err == nil {
		if result, err = read(response); err == nil {
			return result
		}
	}
	failed := outcome{reason: reason(err), sent: !asked.Load() || connected.Load(), timedOut: isTimeout(err)}
	if failed.cause = ctx.Err(); failed.cause == nil && trying.Err() != nil {
		failed.cause, failed.timedOut = trying.Err(), true
	}
	return failed
}

// read reads a response to its end, up to a limit.
func read(response *http.Response) (outcome, error) {
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBytes+1))
	if err != nil {
		return outcome{}, err
	}
	if len(content) > maxBytes {
		return outcome{reason: "the response is too large", sent: true}, nil
	}
	return outcome{status: response.StatusCode, header: response.Header, content: content, sent: true}, nil
}

// reason describes an error of the transport. Its own text is left out where it could quote what was sent.
func reason(err error) string {
	var system *os.SyscallError
	var lookup *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled by the caller"
	case isTimeout(err):
		return "timed out"
	case errors.As(err, &system):
		return system.Error()
	case errors.As(err, &lookup):
		return lookup.Err
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection ended"
	}
	return "the connection failed"
}

func isTimeout(err error) bool {
	var timed interface{ Timeout() bool }
	return errors.As(err, &timed) && timed.Timeout()
}
