package tables

import (
	"errors"
	"strings"
	"testing"
)

func TestAgree(t *testing.T) {
	captured := map[string]string{"a version": "1", "b last": "x", "b rows": "7"}
	for _, c := range []struct {
		name            string
		captured, there map[string]string
		where           string
	}{
		{"nothing known", nil, captured, ""},
		{"nothing there", captured, nil, ""},
		{"the same", captured, map[string]string{"a version": "1", "b last": "x", "b rows": "7"}, ""},
		{"some only there", captured, map[string]string{"a version": "1", "c version": "2"}, ""},
		{"one differs", captured, map[string]string{"a version": "1", "b last": "x", "b rows": "8"}, "b rows"},
		{"the first of two", captured, map[string]string{"b rows": "8", "b last": "y"}, "b last"},
		{"empty is a value", captured, map[string]string{"a version": ""}, "a version"},
	} {
		err := Agree(c.captured, c.there)
		var e *SchemaError
		switch {
		case c.where == "" && err == nil:
		case !errors.As(err, &e) || e.Where != c.where || e.Captured != c.captured[c.where] || e.There != c.there[c.where]:
			t.Errorf("%s: got %v, want a difference in %q", c.name, err, c.where)
		case !strings.Contains(err.Error(), c.where) || !strings.Contains(err.Error(), "--to database="):
			t.Errorf("%s: it says %q", c.name, err)
		}
	}
}
