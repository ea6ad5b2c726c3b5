// What a caller writes after the document was edited: every edit is there, and only regenerating brought it.
package stepupmfa_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/google/uuid"
	stepupmfa "github.com/stepup-mfa/stepup-mfa-go"
	"github.com/stepup-mfa/stepup-mfa-go/models"
)

var userID = uuid.MustParse("31c41c16-c281-44ae-9602-8a047e3bf33d")

// sent answers as told, and keeps the method, the target and the body of a request.
func sent(t *testing.T, status int, answer string) (*stepupmfa.Client, *string) {
	found := new(string)
	auth, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*found = r.Method + " " + r.RequestURI + " " + string(body)
		if answer == "" {
			w.WriteHeader(status)
			return
		}
		reply(status, "application/json", answer)(w, r)
	})
	return auth, found
}

func TestEditedFields(t *testing.T) {
	auth, found := sent(t, 200, `{"success": true, "left": 2}`)
	result, err := auth.VerifyStepUpGrant(context.Background(), models.VerifyStepUpGrantRequest{
		ActionType: "A", UserID: userID, Grant: models.NewSecret("g"), Device: models.Ptr("abc"),
	})
	body := `{"action_type":"A","device":"abc","grant":"g","user_id":"31c41c16-c281-44ae-9602-8a047e3bf33d"}`
	if err != nil || *result.Left != 2 || *found != "POST /api/backend/v1/mfa/step-up/verify-grant "+body {
		t.Fatalf("found %+v, %v, %s", result, err, *found)
	}
	_, err = auth.VerifyStepUpGrant(context.Background(), models.VerifyStepUpGrantRequest{
		ActionType: "A", UserID: userID, Grant: models.NewSecret("g"), Device: models.Ptr("abcd"),
	})
	var invalid *stepupmfa.InvalidArgumentError
	if !errors.As(err, &invalid) || invalid.Problems["device"] == "" {
		t.Errorf("found %v", err)
	}
}

func TestEditedVariantAndParameter(t *testing.T) {
	auth, found := sent(t, 200, `{"mfa_setup": {"type": "Passkey", "keys": 2}}`)
	result, err := auth.FetchUserMfaMethods(context.Background(), models.FetchUserMfaMethodsRequest{
		UserID: userID, IncludePhones: models.Ptr(true),
	})
	if err != nil || *found != "GET /api/backend/v1/user/31c41c16-c281-44ae-9602-8a047e3bf33d/mfa?include-phones=true " {
		t.Fatalf("found %v, %s", err, *found)
	}
	if setup, ok := result.MfaSetup.(models.PasskeyMfa); !ok || setup.Keys != 2 {
		t.Errorf("found %+v", result)
	}
}

func TestEditedOperationErrorAndEnum(t *testing.T) {
	auth, found := sent(t, 204, "")
	if err := auth.RevokeGrant(context.Background(), "a/b"); err != nil || *found != "DELETE /api/backend/v1/mfa/step-up/grants/a%2Fb " {
		t.Errorf("found %v, %s", err, *found)
	}
	auth, _ = sent(t, 423, `{"error_code": "grant_frozen", "until": "2026-01-01"}`)
	var frozen *stepupmfa.GrantFrozenError
	if err := auth.RevokeGrant(context.Background(), "a"); !errors.As(err, &frozen) || frozen.Until() != "2026-01-01" {
		t.Errorf("found %v", err)
	}
	if models.GrantTypeForever != "FOREVER" {
		t.Error("the value of the enum is another")
	}
}
