package secret

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReveal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SECRET_TEST", "from env")
	for text, want := range map[string]string{
		"":                            "",
		"{env:SECRET_TEST}":           "from env",
		"{file:" + file + "}":         "from file",
		"{command:echo from command}": "from command",
	} {
		v, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := v.Reveal(t.Context()); err != nil || got != want {
			t.Errorf("%s reveals %q, %v", text, got, err)
		}
		if v.String() != text {
			t.Errorf("%s prints as %s", text, v)
		}
	}
}

func TestRevealFails(t *testing.T) {
	t.Setenv("SECRET_EMPTY", "")
	for text, want := range map[string]string{
		"{env:SECRET_NOT_SET}":                     "not set",
		"{env:SECRET_EMPTY}":                       "is empty",
		"{file:/does/not/exist}":                   "no such file",
		"{command:false}":                          "failed",
		"{command:/does/not/exist}":                "failed",
		"{command:ls /does/not/exist/hush-hush-1}": "failed",
	} {
		v, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Reveal(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// What is no place may be the secret itself, so it is not repeated.
func TestPlainSecretIsRefusedUnseen(t *testing.T) {
	for _, text := range []string{"hunter2", "{hunter2}", "{env:hunter2", "{vault:hunter2}", "{env:}", "env:hunter2}"} {
		_, err := Parse(text)
		if err == nil {
			t.Errorf("%s is taken for a place", text)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
}

func TestValueNeverPrintsTheSecret(t *testing.T) {
	t.Setenv("SECRET_TEST", "hunter2")
	v, err := Parse("{env:SECRET_TEST}")
	if err != nil {
		t.Fatal(err)
	}
	j, err := json.Marshal(map[string]Value{"password": v})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(v), fmt.Sprintf("%+v %#v %q", v, v, v), string(j)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("it prints as %s", text)
		}
	}
}

func TestMask(t *testing.T) {
	var m Mask
	m.Add("hunter2", "hunter22", "p@ss word", "ab", "")
	for text, want := range map[string]string{
		"login hunter2 failed":      "login " + Stars + " failed",
		"login hunter22 failed":     "login " + Stars + " failed",
		"postgres://u:p%40ss+word@": "postgres://u:" + Stars + "@",
		"cabbage":                   "cabbage",
	} {
		if got := m.Clean(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	var none *Mask
	if none.Clean("x") != "x" {
		t.Error("no mask changes a text")
	}
}

// A secret that comes in two writes is masked all the same.
func TestMaskedLines(t *testing.T) {
	var m Mask
	m.Add("hunter2")
	var out strings.Builder
	w := m.Lines(&out)
	for _, part := range []string{"one hun", "ter2\ntwo ", "hunter2"} {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if want := "one " + Stars + "\ntwo " + Stars; out.String() != want {
		t.Errorf("it wrote %q, want %q", out.String(), want)
	}
}
