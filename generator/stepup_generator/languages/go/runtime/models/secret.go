package models

import "fmt"

// Secret holds a value that must not be shown, such as a code or a password.
//
// Whatever prints it shows ***: the verbs of fmt, slog, and encoding/json, also within other types and in their
// unexported fields. Read it with Reveal. Secrets are not compared with ==; compare what they reveal.
type Secret[T any] struct {
	// Forbids ==, which would compare pointers.
	_ [0]func()
	// Behind a pointer, since fmt prints the unexported fields of others without asking for methods.
	value *T
}

// NewSecret hides a value.
func NewSecret[T any](value T) Secret[T] {
	return Secret[T]{value: &value}
}

// Reveal returns the value, the zero value where none was set.
func (s Secret[T]) Reveal() T {
	if s.value == nil {
		var zero T
		return zero
	}
	return *s.value
}

// String returns ***.
func (s Secret[T]) String() string {
	return "***"
}

// Format writes ***, whatever the verb.
func (s Secret[T]) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprint(state, "***")
}

// MarshalText returns ***, so that logs and documents hold nothing else.
func (s Secret[T]) MarshalText() ([]byte, error) {
	return []byte("***"), nil
}
