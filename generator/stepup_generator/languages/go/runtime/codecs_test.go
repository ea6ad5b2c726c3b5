package stepupmfa

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
)

const id = "31c41c16-c281-44ae-9602-8a047e3bf33d"

// decoded decodes a JSON document, and returns the problem with it too.
func decoded[T any](t *testing.T, document string, decode func(value) T) (T, string) {
	t.Helper()
	parsed, err := parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	decoding := &decoding{}
	result := decode(value{parsed, "", decoding})
	return result, decoding.problem
}

func check[T any](t *testing.T, decode func(value) T, document string, expected T, problem string) {
	t.Helper()
	result, found := decoded(t, document, decode)
	if found != problem || problem == "" && !reflect.DeepEqual(result, expected) {
		t.Errorf("%s: expected %v and %q, got %v and %q", document, expected, problem, result, found)
	}
}

func TestScalarsAreDecodedAsTheirOwnTypeAlone(t *testing.T) {
	text := func(v value) string { return v.string(1) }
	check(t, text, `"a"`, "a", "")
	check(t, text, `""`, "", "expected a string that is not empty")
	check(t, text, `1`, "", "expected a string")
	check(t, value.uuid, `"`+id+`"`, uuid.MustParse(id), "")
	check(t, value.uuid, `"{`+id+`}"`, uuid.Nil, "expected a UUID")
	check(t, value.boolean, `true`, true, "")
	check(t, value.boolean, `"true"`, false, "expected true or false")
	check(t, value.integer, `60.0`, 60, "")
	check(t, value.integer, `9223372036854775807`, math.MaxInt64, "")
	check(t, value.integer, `0.5`, 0, "expected an integer")
	check(t, value.integer, `"1"`, 0, "expected an integer")
	check(t, value.number, `0.5`, 0.5, "")
	check(t, value.number, `"1"`, 0, "expected a number")
	check(t, null, `null`, nil, "")
	check(t, null, `0`, nil, "expected null")
}

func TestConstantsAreOfExactlyTheirType(t *testing.T) {
	check(t, func(v value) bool { return constant(v, true) }, `true`, true, "")
	check(t, func(v value) bool { return constant(v, true) }, `1`, true, "expected true")
	check(t, func(v value) int64 { return constant(v, int64(1)) }, `1.0`, 1, "")
	check(t, func(v value) int64 { return constant(v, int64(1)) }, `true`, 1, "expected 1")
	check(t, func(v value) float64 { return constant(v, 0.5) }, `5e-1`, 0.5, "")
	check(t, func(v value) string { return constant(v, "a") }, `"b"`, "a", `expected "a"`)
}

func TestRawKeepsWhatThisVersionDoesNotKnow(t *testing.T) {
	raw := func(v value) string { return string(v.raw()) }
	check(t, raw, `{"b": [1.50, null], "a": 12345678901234567890}`, `{"a":12345678901234567890,"b":[1.50,null]}`, "")
}

func TestProblemsNameThePlace(t *testing.T) {
	items := func(v value) []bool { return arrayOf(v.required("a"), 1, value.boolean) }
	check(t, items, `{"a": [true]}`, []bool{true}, "")
	check(t, items, `{"a": [true, 1]}`, nil, "/a/1: expected true or false")
	check(t, items, `{"a": []}`, nil, "/a: expected an array that is not empty")
	check(t, items, `{"a": {}}`, nil, "/a: expected an array")
	check(t, items, `{}`, nil, "/a: is missing")
	check(t, items, `[]`, nil, "expected an object")
	entries := func(v value) map[string]bool { return mapOf(v, value.boolean) }
	check(t, entries, `{"x": true}`, map[string]bool{"x": true}, "")
	check(t, entries, `{"secret": 1}`, nil, "/*: expected true or false")
}

func TestNullIsNilAndNothingElse(t *testing.T) {
	pointer := func(v value) *bool { return nullable(v, value.boolean) }
	truth := true
	check(t, pointer, `true`, &truth, "")
	check(t, pointer, `null`, nil, "")
	check(t, pointer, `0`, nil, "expected true or false")
	check(t, reference(value.boolean), `true`, &truth, "")
	items := func(v value) []bool {
		return nilable(v, func(v value) []bool { return arrayOf(v, 0, value.boolean) })
	}
	check(t, items, `null`, nil, "")
	check(t, items, `[]`, []bool{}, "")
}

func TestATrialDecodingLeavesNoProblem(t *testing.T) {
	either := func(v value) string {
		if text, ok := fits(v, func(v value) string { return v.string(0) }); ok {
			return *text
		}
		return "number"
	}
	check(t, either, `"a"`, "a", "")
	check(t, either, `1`, "number", "")
}

func TestDocumentsThatReadersDisagreeAboutAreRejected(t *testing.T) {
	for _, document := range []string{`{"a": 1, "a": 2}`, `[{"a": 1, "\u0061": 2}]`, "\"\xff\"", `1 2`, ``, `{"a:": }`} {
		if parsed, err := parse([]byte(document)); err == nil {
			t.Errorf("%q: got %v", document, parsed)
		}
	}
	if _, err := parse([]byte(`{"a:\"": ":", "b": {"c": [":"]}}`)); err != nil {
		t.Error(err)
	}
}

// accepts says whether a value holds, and whether another one is rejected without being quoted.
func accepts(t *testing.T, name string, right, wrong encoded) {
	t.Helper()
	if right.problem != "" {
		t.Errorf("%s: %s", name, right.problem)
	}
	if wrong.problem == "" || strings.Contains(wrong.problem, "canary") {
		t.Errorf("%s: got %q", name, wrong.problem)
	}
}

func TestConstraintsOfStrings(t *testing.T) {
	accepts(t, "utf8", jsonString("é"), jsonString("canary\xff"))
	accepts(t, "minLength", jsonString("éé", minLength(2)), jsonString("é", minLength(2)))
	accepts(t, "maxLength", jsonString("éé", maxLength(2)), jsonString("canary", maxLength(2)))
	accepts(t, "enum", jsonString("a", enum("a", "b")), jsonString("canary", enum("a", "b")))
	accepts(t, "pattern", jsonString("xa1", pattern("a[0-9]$")), jsonString("canary a1\n", pattern("a[0-9]$")))
	accepts(t, "date", jsonString("2024-02-29", date), jsonString("2023-02-29", date))
	for _, text := range []string{"2026-1-31", "2026-01-31T00:00:00Z", "", "20260131"} {
		accepts(t, text, jsonString("2026-01-31", date), jsonString(text, date))
	}
	for _, text := range []string{"2026-01-31T12:00:00Z", "2026-01-31t12:00:00.5z", "2016-12-31T23:59:60Z", "2026-01-31T12:00:00+02:00"} {
		accepts(t, text, jsonString(text, dateTime), jsonString(text+" ", dateTime))
	}
	for _, text := range []string{"2026-01-31 12:00:00Z", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:00,5Z", "2026-01-31T12:00:00+25:00"} {
		accepts(t, text, jsonString("2026-01-31T12:00:00Z", dateTime), jsonString(text, dateTime))
	}
}

func TestConstraintsOfNumbers(t *testing.T) {
	accepts(t, "minimum", jsonInteger(2, minimum[int64](2)), jsonInteger(1, minimum[int64](2)))
	accepts(t, "maximum", jsonInteger(2, maximum[int64](2)), jsonInteger(3, maximum[int64](2)))
	accepts(t, "multipleOf", jsonInteger(-6, multipleOf(3)), jsonInteger(4, multipleOf(3)))
	accepts(t, "enum", jsonInteger(2, enum[int64](1, 2)), jsonInteger(3, enum[int64](1, 2)))
	accepts(t, "exclusiveMinimum", jsonNumber(0.5, exclusiveMinimum(0.0)), jsonNumber(0, exclusiveMinimum(0.0)))
	accepts(t, "exclusiveMaximum", jsonNumber(0.5, exclusiveMaximum(1.0)), jsonNumber(1, exclusiveMaximum(1.0)))
	accepts(t, "finite", jsonNumber(0), jsonNumber(math.NaN()))
	accepts(t, "finite", jsonNumber(0), jsonNumber(math.Inf(1)))
}

func TestConstraintsOfArraysAndMaps(t *testing.T) {
	none, one, two := []string{}, []string{"a"}, []string{"canary", "canary"}
	text := func(value string) encoded { return jsonString(value, maxLength(6)) }
	accepts(t, "minItems", jsonArray(one, text, minItems(1)), jsonArray(none, text, minItems(1)))
	accepts(t, "maxItems", jsonArray(one, text, maxItems(1)), jsonArray(two, text, maxItems(1)))
	accepts(t, "uniqueItems", jsonArray(one, text, uniqueItems), jsonArray(two, text, uniqueItems))
	accepts(t, "items", jsonArray(one, text), jsonArray([]string{"canary "}, text))
	few, many := map[string]string{"a": "1"}, map[string]string{"a": "1", "b": "1"}
	accepts(t, "minProperties", jsonMap(many, text, minProperties(2)), jsonMap(few, text, minProperties(2)))
	accepts(t, "maxProperties", jsonMap(few, text, maxProperties(1)), jsonMap(many, text, maxProperties(1)))
	accepts(t, "values", jsonMap(few, text), jsonMap(map[string]string{"a": "canary "}, text))
	accepts(t, "names", jsonMap(few, text), jsonMap(map[string]string{"\xff": "a"}, text))
}

func TestOtherArguments(t *testing.T) {
	accepts(t, "uuid", jsonUUID(uuid.MustParse(id)), jsonUUID(uuid.Nil))
	accepts(t, "any", jsonAny([]any{1, nil}), jsonAny(func() {}))
	accepts(t, "constant", jsonConstant("", "a"), jsonConstant("canary", "a"))
	var object members
	object.put("a", jsonBoolean(true))
	object.put("b", jsonAny(json.RawMessage("{}")))
	object.put("c", nullIf(true, invalid("x")))
	object.put("d", nullIf(false, jsonPointer(new(int64), func(value int64) encoded { return jsonInteger(value) })))
	object.put("e", jsonPointer(nil, func(value uuid.UUID) encoded { return jsonUUID(value) }))
	content, err := json.Marshal(object.encoded().json)
	if expected := `{"a":true,"b":{},"c":null,"d":0,"e":null}`; err != nil || string(content) != expected {
		t.Errorf("expected %s, got %s, %v", expected, content, err)
	}
	object.put("f", jsonUUID(uuid.Nil))
	accepts(t, "object", new(members).encoded(), object.encoded())
}
