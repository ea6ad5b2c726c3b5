// Makes calls with the Go client: a line of JSON in, a line of JSON out (../../README.md).
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
	stepupmfa "github.com/stepup-mfa/stepup-mfa-go"
	"github.com/stepup-mfa/stepup-mfa-go/models"
)

type asked struct {
	Operation string                     `json:"operation"`
	Arguments map[string]json.RawMessage `json:"arguments"`
	AuthURL   string                     `json:"auth_url"`
	APIKey    string                     `json:"api_key"`
	Timeout   float64                    `json:"timeout_seconds"`
	Headers   map[string]string          `json:"headers"`
}

var errImpossible = errors.New("the types cannot hold it")

func main() {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		answer, err := json.Marshal(call(line))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(answer))
	}
}

func call(line []byte) map[string]any {
	var it asked
	if err := json.Unmarshal(line, &it); err != nil {
		panic(err)
	}
	options := []stepupmfa.Option{stepupmfa.WithTimeout(time.Duration(it.Timeout * float64(time.Second)))}
	for name, value := range it.Headers {
		options = append(options, stepupmfa.WithHeader(name, value))
	}
	auth, err := stepupmfa.New(it.AuthURL, it.APIKey, options...)
	if err != nil {
		panic(err)
	}
	method := reflect.ValueOf(auth).MethodByName(strings.ToUpper(it.Operation[:1]) + it.Operation[1:])
	input := reflect.New(method.Type().In(1)).Elem()
	if err := fill(input, it.Arguments); err != nil {
		return map[string]any{"impossible": true}
	}
	returned := method.Call([]reflect.Value{reflect.ValueOf(context.Background()), input})
	if err, ok := returned[1].Interface().(error); ok {
		return map[string]any{"error": failure(err), "shown": shown(auth, err)}
	}
	result := returned[0].Interface()
	return map[string]any{"result": plain(returned[0]), "shown": shown(auth, result)}
}

// fill sets the fields of a struct, or the one value, from arguments by their names in the API.
func fill(input reflect.Value, arguments map[string]json.RawMessage) error {
	if _, ok := input.Interface().(uuid.UUID); ok {
		for _, raw := range arguments {
			return set(input, raw)
		}
	}
	for at := range input.NumField() {
		name, _, _ := strings.Cut(input.Type().Field(at).Tag.Get("json"), ",")
		if err := set(input.Field(at), arguments[name]); err != nil {
			return err
		}
	}
	return nil
}

func set(field reflect.Value, raw json.RawMessage) error {
	if bytes.Equal(raw, []byte("null")) {
		return nil // a field that is not set
	}
	var text string
	isText := json.Unmarshal(raw, &text) == nil
	if bytes.Contains(raw, []byte(`\ud800"`)) {
		text = "\xed\xa0\x80" // as much of a surrogate as a string can hold
	}
	switch into := field.Addr().Interface().(type) {
	case *int64:
		if json.Unmarshal(raw, into) != nil {
			return errImpossible
		}
	case *uuid.UUID:
		if id, err := uuid.Parse(text); err == nil && isText {
			*into = id
			return nil
		}
		return errImpossible
	case *models.Secret[string]:
		if *into = models.NewSecret(text); !isText {
			return errImpossible
		}
	default:
		if field.SetString(text); !isText {
			return errImpossible
		}
	}
	return nil
}

// plain is a result in wire names; a variant that the client does not know as its tag and its raw object.
func plain(value reflect.Value) any {
	switch it := value.Interface().(type) {
	case models.Secret[string]:
		return it.Reveal()
	case uuid.UUID:
		return it.String()
	case models.UnknownMfa:
		return map[string]any{"unknown": it.Type, "raw": it.Raw}
	}
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return nil
		}
		return plain(value.Elem())
	case reflect.Slice:
		items := make([]any, value.Len())
		for at := range items {
			items[at] = plain(value.Index(at))
		}
		return items
	case reflect.Struct:
		members := map[string]any{}
		for at := range value.NumField() {
			name, _, _ := strings.Cut(value.Type().Field(at).Tag.Get("json"), ",")
			members[name] = plain(value.Field(at))
		}
		return members
	}
	return value.Interface()
}

func failure(err error) map[string]any {
	var invalid *stepupmfa.InvalidArgumentError
	var unsent *stepupmfa.NotSentError
	var lost *stepupmfa.NoAnswerError
	var unexpected *stepupmfa.UnexpectedAnswerError
	var refused *stepupmfa.APIError
	switch {
	case errors.As(err, &invalid):
		problems := []string{}
		for name := range invalid.Problems {
			problems = append(problems, name)
		}
		return map[string]any{"kind": "invalid_argument", "problems": problems}
	case errors.As(err, &unsent):
		return map[string]any{"kind": "not_sent", "timed_out": unsent.TimedOut}
	case errors.As(err, &lost):
		return map[string]any{"kind": "no_answer", "timed_out": lost.TimedOut}
	case errors.As(err, &unexpected):
		return answered("unexpected_answer", unexpected)
	case errors.As(err, &refused):
		found := answered("refused", refused)
		if found["type"] = ""; err != error(refused) {
			found["type"] = reflect.TypeOf(err).Elem().Name()
		}
		found["error_code"] = refused.ErrorCode()
		if found["user_facing_error"] = refused.UserFacingError(); refused.UserFacingError() == "" {
			found["user_facing_error"] = nil
		}
		found["field_errors"] = refused.FieldErrors()
		found["user_facing_errors"] = refused.UserFacingErrors()
		return found
	}
	panic(fmt.Sprintf("an error of no kind: %T", err))
}

func answered(kind string, err interface {
	Status() int
	RequestID() string
	RetryAfter() (time.Duration, bool)
}) map[string]any {
	found := map[string]any{"kind": kind, "status": err.Status()}
	if id := err.RequestID(); id != "" {
		found["request_id"] = id
	}
	if wait, ok := err.RetryAfter(); ok {
		found["retry_after"] = wait.Seconds()
	}
	return found
}

func shown(values ...any) string {
	var text strings.Builder
	for _, value := range values {
		for _, format := range strings.Fields("%v %+v %#v %s %q %x %d") {
			fmt.Fprintf(&text, format, value)
		}
		slog.New(slog.NewJSONHandler(&text, nil)).Info("", "value", value)
		content, _ := json.Marshal(value)
		text.Write(content)
	}
	return text.String()
}
