package objects

import (
	"strings"
	"testing"

	"ivyvault/sources"
)

func TestPaths(t *testing.T) {
	for key, want := range map[string]string{
		"a/b.pdf":                 "objects/a/b.pdf",
		"a//b":                    "objects/a/~/b",
		"/a":                      "objects/~/a",
		"a/":                      "objects/a/~object",
		"../../etc/passwd":        "objects/..~/..~/etc/passwd",
		"./..":                    "objects/.~/..~object",
		"a\x00b":                  "unusual/610062",
		"x~object":                "unusual/" + "787e6f626a656374",
		"~/x":                     "unusual/7e2f78",
		strings.Repeat("y", 101):  "objects/" + strings.Repeat("y", 101),
		strings.Repeat("y", 248):  "objects/" + strings.Repeat("y", 248),
		strings.Repeat("é", 125):  "unusual/" + strings.Repeat("c3a9", 50) + "+/" + strings.Repeat("c3a9", 50) + "+/" + strings.Repeat("c3a9", 25),
		"a/\xff":                  "unusual/612fff",
		"line\nbreak":             "objects/line\nbreak",
		"\u202egpj.exe":           "objects/\u202egpj.exe",
		strings.Repeat("a/", 400): "objects/" + strings.Repeat("a/", 400) + "~object",
	} {
		got := hexPath(key)
		if wild(key, 0) == "" {
			got = path(key, false)
		}
		if got != want {
			t.Errorf("%q stands at %q, want %q", key, got, want)
		}
	}
}

// FuzzPaths: every key has paths that lead back to it, names that a file system
// takes, and the order of keys is that of their paths in hexadecimal.
func FuzzPaths(f *testing.F) {
	for _, k := range []string{"a", "a/b", "a//b", "/", "//", "..", "a/../b", "\x00", "\xff/\xfe", "~", "a~object", "x~/y", ".~", strings.Repeat("ü", 300)} {
		f.Add(k, "a")
	}
	f.Fuzz(func(t *testing.T, key, other string) {
		paths := []string{hexPath(key)}
		if wild(key, 0) == "" {
			paths = append(paths, path(key, false), path(key, true))
		}
		for i, p := range paths {
			if got, ok := keyOf(p); key != "" && (!ok || got != key) {
				t.Errorf("%q stands at %q, which is read as %q, %v", key, p, got, ok)
			}
			for part := range strings.SplitSeq(p, "/") {
				if i > 0 && (special(part) || len(part) > longest || strings.ContainsRune(part, 0)) {
					t.Errorf("%q stands at %q, and %q is no name", key, p, part)
				}
			}
		}
		if a, b := strings.Compare(key, other), sources.Compare(hexPath(key), hexPath(other)); (a < 0) != (b < 0) || (a == 0) != (b == 0) {
			t.Errorf("%q and %q compare as %d, their paths as %d", key, other, a, b)
		}
		if k, ok := keyOf(key); ok && path(k, false) != key && path(k, true) != key && hexPath(k) != key {
			t.Errorf("%q is read as the key %q, which doesn't stand there", key, k)
		}
	})
}
