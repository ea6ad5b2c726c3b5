package stepupmfa_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	stepupmfa "github.com/stepup-mfa/stepup-mfa-go"
)

const key = "canary-key-5f1d0c"

// tested is an operation with the arguments and the response of the document's example.
type tested struct {
	name       string
	method     string
	credential string
	repeatable bool
	status     int
	response   string
	sent       []string
	issued     []string
	call       func(ctx context.Context, auth *stepupmfa.Client) (any, error)
}

// serve handles every request with a handler, over a real socket, and records them.
func serve(t *testing.T, handler http.HandlerFunc) (auth *stepupmfa.Client, requests func() []*http.Request) {
	t.Helper()
	var mutex sync.Mutex
	var seen []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		seen = append(seen, r)
		mutex.Unlock()
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	auth, err := stepupmfa.New(server.URL, key, stepupmfa.WithTimeout(2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return auth, func() []*http.Request {
		mutex.Lock()
		defer mutex.Unlock()
		return seen
	}
}

func reply(status int, mediaType, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{mediaType}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(content))
	}
}

// shown prints a value in every way there is.
func shown(value any) string {
	var text strings.Builder
	holder := struct {
		Public  any
		private any
	}{value, value}
	for _, format := range strings.Fields("%v %+v %#v %s %q %x %d") {
		fmt.Fprintf(&text, format+format, value, holder)
	}
	slog.New(slog.NewJSONHandler(&text, nil)).Info("", "value", value, "holder", holder)
	slog.New(slog.NewTextHandler(&text, nil)).Info("", "value", value, "holder", holder)
	content, _ := json.Marshal(value)
	return text.String() + string(content)
}

func TestNewRequiresAnAddressAndAKey(t *testing.T) {
	_, err := stepupmfa.New("auth.example.com", "a key")
	var invalid *stepupmfa.InvalidArgumentError
	if !errors.As(err, &invalid) || invalid.Problems["authURL"] == "" || invalid.Problems["apiKey"] == "" {
		t.Fatalf("got %v", err)
	}
}

func TestOperationsReturnTheResponse(t *testing.T) {
	for _, operation := range operations {
		t.Run(operation.name, func(t *testing.T) {
			mediaType := "application/json"
			if operation.response == "" {
				mediaType = ""
			}
			auth, requests := serve(t, reply(operation.status, mediaType, operation.response))
			result, err := operation.call(context.Background(), auth)
			if err != nil {
				t.Fatal(err)
			}
			if len(requests()) != 1 || requests()[0].Method != operation.method {
				t.Fatalf("expected one %s, got %v", operation.method, requests())
			}
			if header := requests()[0].Header; operation.credential != "" && !strings.HasSuffix(header.Get(operation.credential), key) {
				t.Error("the key was not sent")
			}
			for _, secret := range operation.issued {
				if strings.Contains(shown(result), secret) {
					t.Errorf("a secret is shown: %v", result)
				}
			}
		})
	}
}

func TestOperationsAcceptNothingElseAsASuccess(t *testing.T) {
	for _, operation := range operations {
		for _, wrong := range []http.HandlerFunc{
			reply(226, "application/json", operation.response),
			reply(302, "application/json", operation.response),
			reply(418, "application/json", operation.response),
			reply(599, "application/json", operation.response),
			reply(200, "text/html", "<html>"),
			reply(200, "text/plain", operation.response),
			reply(200, "application/json", operation.response+"x"),
		} {
			auth, requests := serve(t, wrong)
			result, err := operation.call(context.Background(), auth)
			var unexpected *stepupmfa.UnexpectedAnswerError
			if !errors.As(err, &unexpected) {
				t.Errorf("%s: got %v, %v", operation.name, result, err)
			}
			if len(requests()) != 1 {
				t.Errorf("%s: expected one request, got %d", operation.name, len(requests()))
			}
		}
	}
}

func TestOperationsAreSentOnceUnlessTheyMayBeRepeated(t *testing.T) {
	for _, operation := range operations {
		auth, requests := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		_, err := operation.call(context.Background(), auth)
		var lost *stepupmfa.NoAnswerError
		if !errors.As(err, &lost) || lost.TimedOut {
			t.Errorf("%s: got %v", operation.name, err)
		}
		expected := 1
		if operation.repeatable {
			expected = 3
		}
		if len(requests()) != expected {
			t.Errorf("%s: expected %d requests, got %d", operation.name, expected, len(requests()))
		}
	}
}

// A transport repeats some requests by itself when a kept connection is gone.
func TestKeptConnectionsRepeatNothing(t *testing.T) {
	for _, operation := range operations {
		if operation.repeatable {
			continue
		}
		var served atomic.Bool
		auth, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if served.Swap(true) {
				panic(http.ErrAbortHandler)
			}
			reply(418, "text/plain", "")(w, r)
		})
		for range 2 {
			if _, err := operation.call(context.Background(), auth); err == nil {
				t.Errorf("%s: expected an error", operation.name)
			}
		}
		if len(requests()) != 2 || requests()[0].RemoteAddr != requests()[1].RemoteAddr {
			t.Errorf("%s: expected two requests on one connection, got %d", operation.name, len(requests()))
		}
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	for _, operation := range operations {
		secrets := append([]string{key}, operation.sent...)
		auth, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", strings.Join(secrets, " "))
			body := map[string]any{"echo": secrets}
			body[codeMember] = key
			echo, _ := json.Marshal(body)
			reply(409, "application/json", string(echo))(w, nil)
		})
		_, err := operation.call(context.Background(), auth)
		if err == nil {
			t.Fatalf("%s: expected an error", operation.name)
		}
		for _, secret := range secrets {
			if strings.Contains(shown(err)+shown(auth), secret) {
				t.Errorf("%s: a secret is shown: %v", operation.name, err)
			}
		}
	}
}

func TestContextsEndCalls(t *testing.T) {
	for _, operation := range operations {
		auth, requests := serve(t, reply(500, "text/plain", ""))
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := operation.call(ctx, auth)
		var unsent *stepupmfa.NotSentError
		if !errors.As(err, &unsent) || !errors.Is(err, context.Canceled) || len(requests()) != 0 {
			t.Errorf("%s: got %v", operation.name, err)
		}
	}
}
