package system

import (
	"strings"
	"testing"
	"time"
)

// Whoever restores on another machine is told which secrets it has to have.
func TestRunBookNamesSecrets(t *testing.T) {
	section := "systems:\n  a:\n    # {env:COMMENT}\n    databases:\n      x: {password: \"{env:DB_PASSWORD}\"}\n      y: {password: '{file:/run/secrets/y}'} # from {where}\n      z: {password: \"{env:DB_PASSWORD}\"}\n"
	text := RunBook(&Plan{}, &Manifest{System: "a"}, time.Unix(0, 0), []byte(section))
	for want, n := range map[string]int{"- `{env:DB_PASSWORD}`": 1, "- `{file:/run/secrets/y}`": 1, "COMMENT": 0, "where": 0} {
		if strings.Count(text, want) != n {
			t.Errorf("%q stands %d times, want %d: %s", want, strings.Count(text, want), n, text)
		}
	}
	if text := RunBook(&Plan{}, &Manifest{System: "a"}, time.Unix(0, 0), nil); strings.Contains(text, "takes secrets") {
		t.Errorf("secrets of nothing: %s", text)
	}
}
