// What the Go client does beyond the vectors: settings, contexts, an http.Client of one's own, what is printed. The files
// lie beside the client's own test while they run, and use its helpers.
package stepupmfa_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	stepupmfa "github.com/stepup-mfa/stepup-mfa-go"
	"github.com/stepup-mfa/stepup-mfa-go/models"
)

var (
	user  = uuid.MustParse("31c41c16-c281-44ae-9602-8a047e3bf33d")
	grant = models.VerifyStepUpGrantRequest{ActionType: "A", UserID: user, Grant: models.NewSecret("canary-grant-77")}
	yes   = reply(200, "application/json", `{"success": true}`)
)

func verify(auth *stepupmfa.Client) error {
	result, err := auth.VerifyStepUpGrant(context.Background(), grant)
	if err == nil && !result.Success {
		return errors.New("a success that is none")
	}
	return err
}

func TestBehaviourEnvironment(t *testing.T) {
	var seen *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		yes(w, r)
	}))
	defer server.Close()
	t.Setenv("STEPUP_MFA_AUTH_URL", server.URL+"/")
	t.Setenv("STEPUP_MFA_API_KEY", "canary-key-env")
	for given, wanted := range map[string]string{"": "Bearer canary-key-env", "other": "Bearer other"} {
		auth, err := stepupmfa.New("", given)
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(auth); err != nil || seen.Header.Get("Authorization") != wanted {
			t.Fatalf("found %v, %v", err, seen.Header)
		}
	}
	if agent := seen.Header.Get("User-Agent"); !strings.HasPrefix(agent, "stepup-mfa-go/0.1.0 go1.") {
		t.Fatalf("found %q", agent)
	}
}

func TestBehaviourOptionsAreCheckedAndNoneIsQuoted(t *testing.T) {
	t.Setenv("STEPUP_MFA_AUTH_URL", "")
	t.Setenv("STEPUP_MFA_API_KEY", "")
	const url = "http://127.0.0.1:9"
	wrong := []struct {
		url, key string
		option   stepupmfa.Option
		problem  string
	}{
		{"", "key", nil, "authURL"}, {url, "", nil, "apiKey"}, {"auth.example.com", "key", nil, "authURL"},
		{"ftp://x", "key", nil, "authURL"}, {"http://u:canary@x", "key", nil, "authURL"},
		{"http://x?a=canary", "key", nil, "authURL"}, {"http://x#a", "key", nil, "authURL"}, {"http://", "key", nil, "authURL"},
		{"http://x\n", "key", nil, "authURL"}, {url, "canary key", nil, "apiKey"}, {url, "canary\nkey", nil, "apiKey"},
		{url, "canary\u00e9", nil, "apiKey"}, {url, "key", stepupmfa.WithTimeout(0), "timeout"},
		{url, "key", stepupmfa.WithTimeout(-time.Second), "timeout"}, {url, "key", stepupmfa.WithRetries(-1), "retries"},
		{url, "key", stepupmfa.WithRetries(11), "retries"}, {url, "key", stepupmfa.WithHTTPClient(nil), "http client"},
		{url, "key", stepupmfa.WithHeader("Authorization", "canary"), "headers"},
		{url, "key", stepupmfa.WithHeader("HOST", "canary"), "headers"}, {url, "key", stepupmfa.WithHeader("a b", "canary"), "headers"},
		{url, "key", stepupmfa.WithHeader("a", "canary\r\nb: c"), "headers"},
	}
	for _, it := range wrong {
		auth, err := stepupmfa.New(it.url, it.key, it.option)
		var invalid *stepupmfa.InvalidArgumentError
		if auth != nil || !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[it.problem] == "" {
			t.Errorf("%v: found %v", it, err)
		} else if strings.Contains(shown(err), "canary") {
			t.Errorf("it is quoted: %v", err)
		}
	}
}

func TestBehaviourHeadersOfOnesOwn(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("User-Agent") == "mine/1" && r.Header.Get("X-Mine") == "2" && r.Header.Get("Accept") == "application/json" {
			yes(w, r)
		}
	}))
	defer server.Close()
	auth, err := stepupmfa.New(server.URL, "key", stepupmfa.WithHeader("user-agent", "mine/1"), stepupmfa.WithHeader("X-MINE", "2"),
		stepupmfa.WithHeader("accept", "text/plain"))
	if err != nil || verify(auth) != nil {
		t.Fatal(err, verify(auth))
	}
}

func TestBehaviourSecretsAreShownNowhere(t *testing.T) {
	auth, _ := serve(t, reply(200, "application/json", `{"step_up_grant": "canary-issued"}`))
	request := models.VerifySmsChallengeRequest{ChallengeID: "c", UserID: user, Code: models.NewSecret("canary-code")}
	result, err := auth.VerifySmsChallenge(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	if result.StepUpGrant.Reveal() != "canary-issued" {
		t.Error("the grant cannot be read")
	}
	secret := result.StepUpGrant
	for _, value := range []any{result, *result, request, &request, secret, &secret, auth, *auth, []any{result}, map[string]any{"x": request}} {
		if text := shown(value); strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
			t.Errorf("%T is shown: %s", value, text)
		}
	}
	if text := fmt.Sprintf("%v %+v", *result, result); text != "{***} &{StepUpGrant:***}" {
		t.Errorf("found %s", text)
	}
	if text, _ := json.Marshal(result); string(text) != `{"step_up_grant":"***"}` {
		t.Errorf("found %s", text)
	}
	if !reflect.DeepEqual(request, models.VerifySmsChallengeRequest{ChallengeID: "c", UserID: user, Code: models.NewSecret("canary-code")}) {
		t.Error("equal requests are not deeply equal")
	}
	if (models.Secret[string]{}).Reveal() != "" {
		t.Error("a secret that was not set reveals something")
	}
}

func TestBehaviourErrorsTellWhatTheBodyHolds(t *testing.T) {
	auth, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req_1")
		w.Header().Set("Retry-After", "7")
		reply(400, "application/json", `{"error_code": "invalid_request_fields", "field_errors": {"action_type": "required", "new": "A sentence."},
			"user_facing_errors": {"user_id": "Say who."}, "more": 1}`)(w, r)
	})
	err := verify(auth)
	var fields *stepupmfa.InvalidRequestFieldsError
	var common *stepupmfa.APIError
	if !errors.As(err, &fields) || !errors.As(err, &common) {
		t.Fatalf("found %T", err)
	}
	if fields.FieldErrors()["action_type"] != "required" || common.UserFacingErrors()["user_id"] != "Say who." {
		t.Errorf("found %v, %v", fields.FieldErrors(), common.UserFacingErrors())
	}
	if wait, ok := fields.RetryAfter(); !ok || wait != 7*time.Second || fields.Status() != 400 || fields.RequestID() != "req_1" {
		t.Errorf("found %v, %v, %v", wait, fields.Status(), fields.RequestID())
	}
	if common.Body()["more"] != json.Number("1") {
		t.Errorf("found %v", common.Body())
	}
	wanted := "VerifyStepUpGrant: status 400 [request req_1]: invalid_request_fields action_type=required new=?"
	if err.Error() != wanted || fmt.Sprintf("%+v", err) != wanted || fmt.Sprintf("%#v", *fields) != wanted {
		t.Errorf("found %v", err)
	}
}

func TestBehaviourContexts(t *testing.T) {
	arrived := make(chan struct{}, 9)
	auth, requests := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := auth.FetchUserMfaMethods(ctx, user)
	var lost *stepupmfa.NoAnswerError
	if !errors.As(err, &lost) || !errors.Is(err, context.Canceled) || lost.TimedOut || len(requests()) != 1 {
		t.Errorf("given up: found %v after %d requests", err, len(requests()))
	}
	ctx, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = auth.FetchUserMfaMethods(ctx, user)
	if !errors.As(err, &lost) || !errors.Is(err, context.DeadlineExceeded) || !lost.TimedOut || len(requests()) != 2 {
		t.Errorf("out of time: found %v after %d requests", err, len(requests()))
	}
	auth, requests = serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "4")
		reply(503, "text/plain", "")(w, r)
		time.AfterFunc(50*time.Millisecond, cancel)
	})
	ctx, cancel = context.WithCancel(context.Background())
	_, err = auth.FetchUserMfaMethods(ctx, user)
	if !errors.As(err, &lost) || !errors.Is(err, context.Canceled) || len(requests()) != 1 {
		t.Errorf("given up in a pause: found %v after %d requests", err, len(requests()))
	}
	ctx, cancel = context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	began := time.Now()
	_, err = auth.FetchUserMfaMethods(ctx, user)
	var unexpected *stepupmfa.UnexpectedAnswerError
	if !errors.As(err, &unexpected) || time.Since(began) > 900*time.Millisecond {
		t.Errorf("a pause that the context does not allow: found %v after %v", err, time.Since(began))
	}
}

func TestBehaviourRedirectsGetNoKey(t *testing.T) {
	var leaked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Add(1) }))
	defer elsewhere.Close()
	var used atomic.Int32
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	follows := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return nil },
		Transport:     counting{&used, http.DefaultTransport},
	}
	auth, err := stepupmfa.New(server.URL, "key", stepupmfa.WithHTTPClient(follows))
	if err != nil {
		t.Fatal(err)
	}
	var unexpected *stepupmfa.UnexpectedAnswerError
	if err := verify(auth); !errors.As(err, &unexpected) || unexpected.Status() != 307 {
		t.Errorf("found %v", err)
	}
	if used.Load() != 1 || leaked.Load() != 0 {
		t.Errorf("%d requests, %d of them elsewhere", used.Load(), leaked.Load())
	}
}

type counting struct {
	count *atomic.Int32
	inner http.RoundTripper
}

func (c counting) RoundTrip(request *http.Request) (*http.Response, error) {
	c.count.Add(1)
	return c.inner.RoundTrip(request)
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestBehaviourATransportThatDoesNotTellMayHaveSent(t *testing.T) {
	for _, cause := range []error{nil, io.EOF, errors.New("canary-grant-77"), &net.OpError{Op: "dial", Err: errors.New("canary-grant-77")}} {
		var used atomic.Int32
		auth, err := stepupmfa.New("http://127.0.0.1:9", "key", stepupmfa.WithHTTPClient(&http.Client{Transport: counting{&used, failing{cause}}}))
		if err != nil {
			t.Fatal(err)
		}
		err = verify(auth)
		var lost *stepupmfa.NoAnswerError
		if !errors.As(err, &lost) || used.Load() != 1 || strings.Contains(shown(err), "canary") {
			t.Errorf("%v: found %v after %d tries", cause, err, used.Load())
		}
	}
}

func TestBehaviourWhatNeverConnectedIsTriedAgain(t *testing.T) {
	untrusted := httptest.NewUnstartedServer(yes)
	untrusted.Config.ErrorLog = nil
	untrusted.StartTLS()
	defer untrusted.Close()
	waits := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	for _, it := range []struct {
		url       string
		transport http.RoundTripper
		timedOut  bool
	}{
		{"http://127.0.0.1:1", http.DefaultTransport, false},
		{"http://nowhere.invalid", http.DefaultTransport, false},
		{untrusted.URL, http.DefaultTransport, false},
		{"http://127.0.0.1:1", waits, true},
	} {
		var used atomic.Int32
		auth, err := stepupmfa.New(it.url, "key", stepupmfa.WithTimeout(200*time.Millisecond), stepupmfa.WithRetries(1),
			stepupmfa.WithHTTPClient(&http.Client{Transport: counting{&used, it.transport}}))
		if err != nil {
			t.Fatal(err)
		}
		err = verify(auth)
		var unsent *stepupmfa.NotSentError
		if !errors.As(err, &unsent) || unsent.TimedOut != it.timedOut || used.Load() != 2 {
			t.Errorf("%s: found %v after %d tries", it.url, err, used.Load())
		}
	}
}

func TestBehaviourSmallAnswersOnly(t *testing.T) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write([]byte(`{"success": true` + strings.Repeat(" ", 64<<20) + "}"))
	_ = writer.Close()
	auth, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	var lost *stepupmfa.NoAnswerError
	if err := verify(auth); !errors.As(err, &lost) || !strings.Contains(err.Error(), "too large") {
		t.Errorf("found %v", err)
	}
}

func TestBehaviourNothingPanics(t *testing.T) {
	auth, requests := serve(t, yes)
	var none *stepupmfa.Client
	var nowhere context.Context
	wrong := map[string]func() error{
		"client":      func() error { return verify(none) },
		"ctx":         func() error { _, err := auth.VerifyStepUpGrant(nowhere, grant); return err },
		"user_id":     func() error { _, err := auth.FetchUserMfaMethods(context.Background(), uuid.Nil); return err },
		"action_type": func() error { return verifyAction(auth, "\xff") },
	}
	for problem, call := range wrong {
		var invalid *stepupmfa.InvalidArgumentError
		if err := call(); !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[problem] == "" {
			t.Errorf("%s: found %v", problem, err)
		}
	}
	if err := verify(&stepupmfa.Client{}); err == nil || none.String() == "" {
		t.Error("a client that New has not made calls")
	}
	_, err := auth.VerifyStepUpGrant(context.Background(), models.VerifyStepUpGrantRequest{})
	if err == nil || err.Error() != "VerifyStepUpGrant: action_type: expected at least 1 characters; grant: expected at least 1 characters; user_id: is missing" {
		t.Errorf("found %v", err)
	}
	if len(requests()) != 0 {
		t.Errorf("%d requests were sent", len(requests()))
	}
}

func verifyAction(auth *stepupmfa.Client, action string) error {
	request := grant
	request.ActionType = action
	_, err := auth.VerifyStepUpGrant(context.Background(), request)
	return err
}

func TestBehaviourVariantsAndIDs(t *testing.T) {
	auth, _ := serve(t, reply(200, "application/json", `{"mfa_setup": {"type": "Passkey", "keys": [1]}}`))
	result, err := auth.FetchUserMfaMethods(context.Background(), user)
	if err != nil {
		t.Fatal(err)
	}
	unknown, ok := result.MfaSetup.(models.UnknownMfa)
	text, _ := json.Marshal(result)
	if !ok || unknown.Type != "Passkey" || string(text) != `{"mfa_setup":{"keys":[1],"type":"Passkey"}}` {
		t.Errorf("found %+v, %s", result, text)
	}
	for _, id := range []string{"x", "urn:uuid:cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10", "cc83af74cd5b4a3e8f216b0d9e4c7a10"} {
		auth, _ = serve(t, reply(200, "application/json",
			`{"mfa_setup": {"type": "Phone", "phone_numbers": [{"mfa_phone_number_suffix": "1", "mfa_phone_id": "`+id+`"}]}}`))
		var unexpected *stepupmfa.UnexpectedAnswerError
		if _, err := auth.FetchUserMfaMethods(context.Background(), user); !errors.As(err, &unexpected) {
			t.Errorf("%s: found %v", id, err)
		}
	}
}
