// The Go client on the mock: whole flows. The mock's address and keys come by the environment, MOCK_TOTP and MOCK_PHONE are
// users as {id, code} and {id, number}.
package stepupmfa_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/google/uuid"
	stepupmfa "github.com/stepup-mfa/stepup-mfa-go"
	"github.com/stepup-mfa/stepup-mfa-go/models"
)

var ctx = context.Background()

type person struct {
	ID     uuid.UUID `json:"id"`
	Code   string    `json:"code"`
	Number string    `json:"number"`
}

func start(t *testing.T, name string) (*stepupmfa.Client, person) {
	t.Helper()
	auth, err := stepupmfa.New("", "")
	var found person
	if err := errors.Join(err, json.Unmarshal([]byte(os.Getenv(name)), &found)); err != nil {
		t.Fatal(err)
	}
	return auth, found
}

func refusedAs[T error](t *testing.T, err error) (found T) {
	t.Helper()
	var common *stepupmfa.APIError
	if !errors.As(err, &found) || !errors.As(err, &common) || common.RequestID() == "" {
		t.Fatalf("found %v", err)
	}
	return found
}

func must[T any](t *testing.T) func(*T, error) *T {
	return func(result *T, err error) *T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

func TestMockTOTPFlow(t *testing.T) {
	auth, it := start(t, "MOCK_TOTP")
	methods := must[models.FetchUserMfaMethodsResponse](t)(auth.FetchUserMfaMethods(ctx, it.ID))
	if _, ok := methods.MfaSetup.(models.TotpMfa); !ok {
		t.Fatalf("found %+v", methods)
	}
	request := models.VerifyTotpChallengeRequest{
		ActionType: "SENSITIVE_ACTION", UserID: it.ID, Code: models.NewSecret(it.Code),
		GrantType: models.GrantTypeOneTimeUse, ValidForSeconds: 60,
	}
	issued := must[models.VerifyTotpChallengeResponse](t)(auth.VerifyStepUpTotpChallenge(ctx, request))
	_, err := auth.VerifyStepUpTotpChallenge(ctx, request)
	refusedAs[*stepupmfa.IncorrectMfaCodeError](t, err)
	verification := models.VerifyStepUpGrantRequest{ActionType: "OTHER", UserID: it.ID, Grant: issued.StepUpGrant}
	_, err = auth.VerifyStepUpGrant(ctx, verification)
	if found := refusedAs[*stepupmfa.InvalidRequestFieldsError](t, err).FieldErrors(); found["grant"] != "grant_not_found" {
		t.Errorf("found %v", found)
	}
	verification.ActionType = "SENSITIVE_ACTION"
	if !must[models.VerifyStepUpGrantResponse](t)(auth.VerifyStepUpGrant(ctx, verification)).Success {
		t.Error("the grant is not good")
	}
	_, err = auth.VerifyStepUpGrant(ctx, verification)
	refusedAs[*stepupmfa.InvalidRequestFieldsError](t, err)
}

func TestMockSMSFlow(t *testing.T) {
	auth, it := start(t, "MOCK_PHONE")
	methods := must[models.FetchUserMfaMethodsResponse](t)(auth.FetchUserMfaMethods(ctx, it.ID))
	setup, ok := methods.MfaSetup.(models.PhoneMfa)
	if !ok || setup.PhoneNumbers[0].MfaPhoneNumberSuffix != it.Number[len(it.Number)-4:] {
		t.Fatalf("found %+v", methods)
	}
	sent := must[models.SendSmsMfaCodeResponse](t)(auth.SendSmsMfaCode(ctx, models.SendSmsMfaCodeRequest{
		ActionType: "SENSITIVE_ACTION", UserID: it.ID, MfaPhoneID: setup.PhoneNumbers[0].MfaPhoneID,
		GrantType: models.GrantTypeTimeBased, ValidForSeconds: 60,
	}))
	answer := models.VerifySmsChallengeRequest{ChallengeID: sent.ChallengeID, UserID: it.ID, Code: models.NewSecret("!")}
	_, err := auth.VerifySmsChallenge(ctx, answer)
	if found := refusedAs[*stepupmfa.InvalidRequestFieldsError](t, err).FieldErrors(); found["code"] != "incorrect_mfa_code" {
		t.Errorf("found %v", found)
	}
	answer.Code = models.NewSecret(message(t, sent.ChallengeID))
	issued := must[models.VerifySmsChallengeResponse](t)(auth.VerifySmsChallenge(ctx, answer))
	for range 2 {
		verification := models.VerifyStepUpGrantRequest{ActionType: "SENSITIVE_ACTION", UserID: it.ID, Grant: issued.StepUpGrant}
		must[models.VerifyStepUpGrantResponse](t)(auth.VerifyStepUpGrant(ctx, verification))
	}
}

// message is the code that was sent for a challenge.
func message(t *testing.T, challenge string) string {
	t.Helper()
	address := os.Getenv("STEPUP_MFA_AUTH_URL") + "/__control__/inbox?challenge_id=" + challenge
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("STEPUP_MFA_CONTROL_KEY"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var inbox struct{ Messages []person }
	if err := json.NewDecoder(response.Body).Decode(&inbox); err != nil || len(inbox.Messages) != 1 {
		t.Fatal(err, inbox)
	}
	return inbox.Messages[0].Code
}

func TestMockRefusals(t *testing.T) {
	auth, _ := start(t, "MOCK_TOTP")
	nobody := uuid.MustParse("00000000-0000-4000-8000-000000000000")
	_, err := auth.FetchUserMfaMethods(ctx, nobody)
	if refusedAs[*stepupmfa.UserNotFoundError](t, err).Status() != 404 {
		t.Errorf("found %v", err)
	}
	stranger, err := stepupmfa.New("", "not-the-key")
	if err != nil {
		t.Fatal(err)
	}
	_, err = stranger.FetchUserMfaMethods(ctx, nobody)
	if refusedAs[*stepupmfa.UnauthorizedError](t, err).Status() != 401 {
		t.Errorf("found %v", err)
	}
}
