package models

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestSecretsAreShownNowhere(t *testing.T) {
	holder := struct {
		Public  Secret[string]
		private *Secret[int64]
	}{NewSecret("canary"), Ptr(NewSecret(int64(4711)))}
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, holder.Public); text != "***" {
			t.Errorf("%s: got %s", verb, text)
		}
	}
	content, err := json.Marshal(holder.Public)
	if err != nil || string(content) != `"***"` || holder.Public.String() != "***" {
		t.Errorf("got %s, %v", content, err)
	}
	if holder.Public.Reveal() != "canary" || holder.private.Reveal() != 4711 || (Secret[string]{}).Reveal() != "" {
		t.Error("Reveal returns the value")
	}
}
