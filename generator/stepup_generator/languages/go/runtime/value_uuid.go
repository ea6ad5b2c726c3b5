package stepupmfa

import "github.com/google/uuid"

func (v value) uuid() uuid.UUID {
	text := v.string(0)
	id, err := uuid.Parse(text)
	// Parse accepts other forms than the one of 36 characters.
	if err != nil || len(text) != 36 {
		v.fail("expected a UUID")
	}
	return id
}
