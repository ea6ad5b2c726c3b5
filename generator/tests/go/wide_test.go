// What the client of the wide document sends and reads: places, optional fields, unions, recursion.
package stepupmfa_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"testing"

	stepupmfa "github.com/stepup-mfa/stepup-mfa-go"
	"github.com/stepup-mfa/stepup-mfa-go/models"
)

var background = context.Background()

// recorded answers with a document, and keeps the target, the header X-Trace and the body of a request.
func recorded(t *testing.T, status int, answer string) (*stepupmfa.Client, *[3]string) {
	found := &[3]string{}
	auth, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*found = [3]string{r.Method + " " + r.RequestURI, r.Header.Get("X-Trace"), string(body)}
		if r.Header.Get("X-Api-Key") != key {
			t.Error("the key was not sent")
		}
		if answer == "" {
			w.WriteHeader(status)
			return
		}
		reply(status, "application/json", answer)(w, r)
	})
	return auth, found
}

func TestWidePlaces(t *testing.T) {
	auth, found := recorded(t, 200, `[{"name": "a", "secret": "s", "children": [{"name": "b"}], "parent": null, "type": "c"}]`)
	nodes, err := auth.ListThings(background, models.ListThingsRequest{
		Class: "a/b {id}", ID: 7, Limit: 3, Tag: []string{"red", "blue"}, XTrace: models.Ptr("x"), From: models.Ptr("2026-01-31"),
	})
	if err != nil || *found != [3]string{"GET /things/a%2Fb%20%7Bid%7D/parts/7?from=2026-01-31&tag=red&tag=blue&limit=3", "x", ""} {
		t.Fatalf("found %v, %v", *found, err)
	}
	wanted := []models.Node{{Name: "a", Secret: models.Ptr(models.NewSecret("s")), Children: []models.Node{{Name: "b"}}, Type: models.Ptr("c")}}
	if !reflect.DeepEqual(nodes, wanted) {
		t.Errorf("found %+v", nodes)
	}
	auth, _ = recorded(t, 204, "")
	if nodes, err := auth.ListThings(background, models.ListThingsRequest{Class: "a", ID: 7, Limit: 3}); err != nil || nodes != nil {
		t.Errorf("found %v, %v", nodes, err)
	}
	_, err = auth.ListThings(background, models.ListThingsRequest{Class: "..", Limit: 101, Tag: []string{"green"}, XTrace: models.Ptr("\n")})
	var invalid *stepupmfa.InvalidArgumentError
	if !errors.As(err, &invalid) || len(invalid.Problems) != 5 {
		t.Errorf("found %v", err)
	}
}

func TestWideBodies(t *testing.T) {
	auth, found := recorded(t, 201, `{"at": "now", "error": {"None": "x"}}`)
	node := models.Node{Name: "n", Children: []models.Node{{Name: "m"}}}
	result, err := auth.MakeShape(background, models.MakeShapeRequest{
		Shape: models.Circle{R: 1}, Str: 0.5, Node: &node, Level: models.Ptr(int64(2)), Kwargs: map[string]int64{"a": 1}, Any: []any{1, nil},
	})
	wanted := `{"2nd":null,"any":[1,null],"kwargs":{"a":1},"level":2,"node":{"children":[{"name":"m"}],"name":"n"},"shape":{"kind":"circle","r":1},"str":0.5}`
	if err != nil || found[2] != wanted {
		t.Fatalf("found %v, %v", found[2], err)
	}
	if result.Shape != nil || result.MakeShapeResponse.At != "now" || *result.MakeShapeResponse.Error.None != "x" {
		t.Errorf("found %+v", result)
	}
	auth, _ = recorded(t, 200, `{"kind": "star", "points": 5}`)
	result, err = auth.MakeShape(background, models.MakeShapeRequest{Shape: &models.Square{Side: 2}, Str: 1, N2nd: models.Ptr("x")})
	if unknown, ok := result.Shape.(models.UnknownShape); err != nil || !ok || unknown.Kind != "star" {
		t.Errorf("found %+v, %v", result, err)
	}
	for _, shape := range []models.Shape{nil, (*models.Circle)(nil), models.UnknownShape{Kind: "star"}, models.Circle{Kind: "square"}} {
		_, err = auth.MakeShape(background, models.MakeShapeRequest{Shape: shape, Str: 0.4, Any: func() {}})
		var invalid *stepupmfa.InvalidArgumentError
		if !errors.As(err, &invalid) || len(invalid.Problems) != 3 {
			t.Errorf("%v: found %v", shape, err)
		}
	}
}

func TestWideUnions(t *testing.T) {
	for answer, wanted := range map[string]models.PutRawResponse{
		`"x"`: {String: models.Ptr("x")}, `7.0`: {Integer: models.Ptr(int64(7))},
		`{"kind": "circle", "r": 2}`: {Circle: &models.Circle{Kind: "circle", R: 2}},
	} {
		auth, found := recorded(t, 200, answer)
		result, err := auth.PutRaw(background, models.PutRawRequest{})
		if err != nil || !reflect.DeepEqual(*result, wanted) || found[2] != "" {
			t.Errorf("%s: found %+v, %v, %v", answer, result, err, found[2])
		}
		if again, _ := json.Marshal(result); !json.Valid(again) || string(again) == "null" {
			t.Errorf("%s: written as %s", answer, again)
		}
	}
	auth, _ := recorded(t, 200, `7.5`)
	var unexpected *stepupmfa.UnexpectedAnswerError
	if _, err := auth.PutRaw(background, models.PutRawRequest{}); !errors.As(err, &unexpected) {
		t.Errorf("found %v", err)
	}
	auth, found := recorded(t, 299, "")
	if err := auth.Import(background, models.ImportRequest{Class: "a", ID: 1}); err != nil || found[0] != "DELETE /things/a/parts/1" { //nolint:staticcheck // it is deprecated
		t.Errorf("found %v, %v", *found, err)
	}
}
