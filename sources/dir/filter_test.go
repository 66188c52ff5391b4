package dir_test

import (
	"path"
	"strings"
	"testing"

	"ivyvault/sources/dir"
)

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		patterns string
		out, in  string // lists of paths
	}{
		{"*.o", "a.o x/y.o x/.o", "a.oo o x/o"},
		{"/srv/x", "srv/x", "x a/srv/x srv/x1 srv"},
		{"build/tmp", "build/tmp a/build/tmp", "build tmp build/x/tmp abuild/tmp"},
		{"/srv/*/cache", "srv/a/cache", "srv/cache srv/a/b/cache cache"},
		{"/srv/**/cache", "srv/cache srv/a/cache srv/a/b/cache", "cache a/srv/cache"},
		{"a/**/z", "a/z q/a/b/c/z", "z a"},
		{"?[0-9]", "a1 x/b2", "a b11 aa"},
		{"keep/* !keep/me", "keep/x a/keep/you", "keep/me a/keep/me keep"},
		{"!x x", "x", "y"},
		{"x !x", "", "x y"},
		{"./a/ b//c", "a q/a b/c", "b c"},
		{"\\*", "*", "x"},
		{"", "", "x"},
	} {
		f, err := dir.NewFilter(strings.Fields(c.patterns), nil)
		if err != nil {
			t.Errorf("%q: %v", c.patterns, err)
			continue
		}
		for _, p := range strings.Fields(c.out) {
			if !f.Excludes(p) {
				t.Errorf("%q lets %q in", c.patterns, p)
			}
		}
		for _, p := range strings.Fields(c.in) {
			if f.Excludes(p) {
				t.Errorf("%q leaves %q out", c.patterns, p)
			}
		}
	}
}

func TestFilterFolded(t *testing.T) {
	f, err := dir.NewFilter([]string{"*.TMP"}, []string{"Thumbs.db", "*.BAK"})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]bool{"x.TMP": true, "x.tmp": false, "a/THUMBS.DB": true, "y.bak": true, "Z.Bak": true, "z.ba": false} {
		if f.Excludes(p) != want {
			t.Errorf("%q: %v", p, !want)
		}
	}
}

func TestFilterRefuses(t *testing.T) {
	for _, p := range []string{"", "/", "**", "/**/", "[a", "x/[", "!"} {
		if _, err := dir.NewFilter([]string{p}, nil); err == nil {
			t.Errorf("%q is accepted", p)
		}
	}
}

func TestReadPatterns(t *testing.T) {
	got, err := dir.ReadPatterns(strings.NewReader("# caches\n\n  *.o \n$HOME/x\n${HOME}/y\n$$RECYCLE.BIN\r\n"),
		func(name string) string { return map[string]string{"HOME": "/home/ivy"}[name] })
	if err != nil {
		t.Fatal(err)
	}
	same(t, "patterns", got, "*.o", "/home/ivy/x", "/home/ivy/y", "$RECYCLE.BIN")
}

// FuzzFilter: for a single name the answer is path.Match's, and nothing panics.
func FuzzFilter(f *testing.F) {
	f.Add("*.o", "a/b.o")
	f.Add("/a/**/b", "a/b")
	f.Add("!a[", "x")
	f.Fuzz(func(t *testing.T, pattern, p string) {
		flt, err := dir.NewFilter([]string{pattern}, nil)
		if err != nil {
			return
		}
		got := flt.Excludes(p)
		if strings.ContainsAny(pattern, "/!") || strings.Contains(p, "/") || pattern == "." || pattern == "**" || p == "" {
			return
		}
		if want, _ := path.Match(pattern, p); got != want {
			t.Errorf("%q on %q: %v", pattern, p, got)
		}
	})
}
