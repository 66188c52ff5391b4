package hook

import (
	"strings"
	"testing"
	"time"

	"ivyvault/sources/secret"
)

func TestRun(t *testing.T) {
	var mask secret.Mask
	mask.Add("hunter2")
	var said []string
	r := Runner{Env: []string{"IVYVAULT_SYSTEM=claims"}, Mask: &mask, Say: func(l string) { said = append(said, l) }}
	for _, c := range []struct {
		hook Hook
		want string // in the error; "" is none
		say  string
	}{
		{Hook{Name: "list", Argv: []string{"echo", "a b; $IVYVAULT_SYSTEM"}}, "", "a b; $IVYVAULT_SYSTEM"},
		{Hook{Name: "shell", Argv: []string{"echo for $IVYVAULT_SYSTEM"}, Shell: true}, "", "for claims"},
		{Hook{Name: "secret", Argv: []string{"echo", "hunter2"}}, "", secret.Stars},
		{Hook{Name: "fails", Argv: []string{"echo why >&2; exit 3"}, Shell: true}, "the hook 'fails': the program /bin/sh failed with exit code 3; it said: why", ""},
		{Hook{Name: "slow", Argv: []string{"sleep", "60"}, Timeout: 10 * time.Millisecond}, "did not end within 10ms", ""},
		{Hook{Name: "none"}, "names no command", ""},
		{Hook{Name: "two", Argv: []string{"a", "b"}, Shell: true}, "one line", ""},
	} {
		said = nil
		err := r.Run(t.Context(), c.hook)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.hook.Name, err, c.want)
		}
		if got := strings.Join(said, "\n"); !strings.Contains(got, c.say) || strings.Contains(got, "hunter2") {
			t.Errorf("%s said %q, want %q", c.hook.Name, got, c.say)
		}
	}
}

func TestAll(t *testing.T) {
	var said []string
	r := Runner{Say: func(l string) { said = append(said, l) }}
	hooks := []Hook{{Name: "1", Argv: []string{"false"}}, {Name: "2", Argv: []string{"echo", "second"}}}
	if err := r.All(t.Context(), hooks, false); err == nil || strings.Contains(strings.Join(said, "\n"), "second") {
		t.Errorf("%v, %q: the second ran after the first had failed", err, said)
	}
	if err := r.All(t.Context(), hooks, true); err == nil || said[len(said)-1] != "second" {
		t.Errorf("%v, %q: the second did not run", err, said)
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{"plain-1": "plain-1", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'"} {
		if got := Quote(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}
