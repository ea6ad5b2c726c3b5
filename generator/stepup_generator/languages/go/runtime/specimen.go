// Package stepupmfa is what does not vary in the Go client, with a specimen of what does: this file stands for those that
// are rendered, so that the others compile, and are linted and tested, where they are written.
package stepupmfa

import (
	"context"

	"github.com/stepup-mfa/stepup-mfa-go/models"
)

const (
	environment = "STEPUP_MFA"
	userAgent   = "stepup-mfa-go/0.1.0 "
)

var credentialHeaders = []string{"authorization"}

// New returns a client.
func New(authURL, apiKey string, options ...Option) (*Client, error) {
	return newClient(authURL, apiKey, options)
}

// Read may be repeated.
func (c *Client) Read(ctx context.Context, name string) (*string, error) {
	call := newCall("Read", "GET", "/specimens/{name}", true)
	call.credential = [2]string{"Authorization", "Bearer "}
	call.inPath("name", jsonString(name, minLength(1)))
	return run(ctx, c, call, on("200", "application/json", reference(decodeName)))
}

// Write may not be repeated, and sends a secret.
func (c *Client) Write(ctx context.Context, code models.Secret[string]) error {
	call := newCall("Write", "POST", "/specimens", false)
	call.credential = [2]string{"Authorization", "Bearer "}
	call.objectBody()
	call.inBody("code", asSecret(jsonString(code.Reveal(), minLength(1), maxLength(16))))
	_, err := run(ctx, c, call, on[any]("204", "", nil))
	return err
}

func decodeName(v value) string {
	return v.required("name").string(1)
}

// Code returns the error code.
func (e *APIError) Code() string {
	return textOf(*e.body, "code")
}

// GoneError is an error of its own.
type GoneError struct{ *APIError }

// Unwrap returns what all errors of the API have in common.
func (e *GoneError) Unwrap() error {
	return e.APIError
}

func typedError(common *APIError) error {
	if textOf(*common.body, "code") == "gone" {
		return &GoneError{common}
	}
	return common
}

func summary(body map[string]any) (text string, ok bool) {
	code, ok := body["code"].(string)
	return quoted(code), ok
}
