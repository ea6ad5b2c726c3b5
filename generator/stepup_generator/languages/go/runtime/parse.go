package stepupmfa

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

var errJSON = errors.New("not JSON in UTF-8, or an object has a key twice")

// parse decodes a JSON document into maps, slices, json.Number and the like. encoding/json alone accepts invalid UTF-8,
// and of a repeated key the last value: other readers use the first.
func parse(content []byte) (document any, err error) {
	if !utf8.Valid(content) || !json.Valid(content) {
		return nil, errJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil || countKeys(content) != countMembers(document) {
		return nil, errJSON
	}
	return document, nil
}

// countKeys counts those of a valid document: colons outside of strings.
func countKeys(content []byte) (count int) {
	inString := false
	for index := 0; index < len(content); index++ {
		switch char := content[index]; {
		case char == '"':
			inString = !inString
		case char == '\\':
			index++
		case char == ':' && !inString:
			count++
		}
	}
	return count
}

// countMembers counts what objects hold. It is less than the keys where one is repeated.
func countMembers(document any) (count int) {
	switch typed := document.(type) {
	case map[string]any:
		count = len(typed)
		for _, item := range typed {
			count += countMembers(item)
		}
	case []any:
		for _, item := range typed {
			count += countMembers(item)
		}
	}
	return count
}
