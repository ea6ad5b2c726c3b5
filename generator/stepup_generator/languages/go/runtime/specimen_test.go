package stepupmfa_test

import (
	"context"

	stepupmfa "github.com/stepup-mfa/stepup-mfa-go"
	"github.com/stepup-mfa/stepup-mfa-go/models"
)

// What is rendered beside operations_test.go, for the specimen.

const codeMember = "code"

var operations = []tested{
	{
		"Read", "GET", "Authorization", true, 200, `{"name": "a"}`, nil, nil,
		func(ctx context.Context, auth *stepupmfa.Client) (any, error) { return auth.Read(ctx, "a/b") },
	},
	{
		"Write", "POST", "Authorization", false, 204, "", []string{"canary-code"}, nil,
		func(ctx context.Context, auth *stepupmfa.Client) (any, error) {
			return nil, auth.Write(ctx, models.NewSecret("canary-code"))
		},
	},
}
