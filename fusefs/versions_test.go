package fusefs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
	"ivyvault/repo/versions"
)

// past is a vault with a Finder that follows it.
func (k *kit) past(list ...Snapshot) (*vaultMem, Options, func(...Snapshot)) {
	opts := k.options(nil)
	f := versions.New(opts.Tree)
	opts.Versions = f
	v := &vaultMem{}
	set := func(list ...Snapshot) {
		var all []versions.Snapshot
		for _, s := range list {
			all = append(all, versions.Snapshot{ID: s.ID, Time: s.Time, Host: s.Host, Root: s.Root})
		}
		f.Set(all)
		v.set(list...)
	}
	set(list...)
	return v, opts, set
}

func TestVersions(t *testing.T) {
	k := newKit(t)
	state := func(body string, more ...tree.Node) chunk.Ref {
		return k.top(append(more, k.dir("docs", k.file("plan.txt", []byte(body)), k.file(".hidden", []byte("h"))))...)
	}
	list := []Snapshot{
		snap(1, day, "alpha", state("first", k.file("thing", []byte("a file")))),
		snap(2, day.AddDate(0, 0, 1), "alpha", state("second", k.dir("thing", k.file("inner", []byte("i")), k.file(".versions", []byte("odd"))))),
		snap(3, day.AddDate(0, 0, 2), "alpha", state("first")),
	}
	v, opts, set := k.past(list...)
	_, dir := up(t, v, opts)
	for _, c := range []struct {
		path string
		want []string
	}{
		{"versions", []string{"docs", "thing"}},
		{"versions/docs", []string{".hidden", "plan.txt"}},
		{"versions/docs/plan.txt", []string{"2026-11-21T02-00-05Z.txt", "2026-11-22T02-00-05Z.txt"}},
		{"versions/docs/.hidden", []string{"2026-11-21T02-00-05Z"}},
		{"versions/thing", []string{"%2Eversions", ".versions", "inner"}},
		{"versions/thing/.versions", []string{"2026-11-21T02-00-05Z"}},
		{"versions/thing/%2Eversions", []string{"2026-11-22T02-00-05Z"}},
		{"versions/thing/inner", []string{"2026-11-22T02-00-05Z"}},
	} {
		if got := names(t, filepath.Join(dir, c.path)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
	read := func(path, want string) {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", path, got, err, want)
		}
	}
	read("versions/docs/plan.txt/2026-11-21T02-00-05Z.txt", "first")
	read("versions/docs/plan.txt/2026-11-22T02-00-05Z.txt", "second")
	read("versions/thing/.versions/2026-11-21T02-00-05Z", "a file")
	read("versions/thing/%2Eversions/2026-11-22T02-00-05Z", "odd")
	if st := stat(t, filepath.Join(dir, "versions/docs/plan.txt/2026-11-22T02-00-05Z.txt")); st.Size != 6 || st.Nlink != 1 {
		t.Errorf("a version's attributes: %+v", st)
	}
	if _, err := os.Lstat(filepath.Join(dir, "versions/docs/never")); !os.IsNotExist(err) {
		t.Errorf("a path that never was: %v", err)
	}

	// Another host joins: now the names tell which host it was.
	set(append(list, snap(4, day.AddDate(0, 0, 3), "be/ta", state("third")))...)
	want := []string{"2026-11-21T02-00-05Z_alpha.txt", "2026-11-22T02-00-05Z_alpha.txt", "2026-11-24T02-00-05Z_be%2Fta.txt"}
	eventually(t, "the new version", func() bool {
		return slices.Equal(names(t, filepath.Join(dir, "versions/docs/plan.txt")), want)
	})
	read("versions/docs/plan.txt/2026-11-24T02-00-05Z_be%2Fta.txt", "third")
}

func TestVersionsOfALargeDirectory(t *testing.T) {
	k := newKit(t)
	var nodes []tree.Node
	for i := range 3000 {
		nodes = append(nodes, k.file(fmt.Sprintf("name %05d", i), []byte("x")))
	}
	v, opts, _ := k.past(snap(1, day, "alpha", k.top(nodes[:2000]...)), snap(2, day.AddDate(0, 0, 1), "alpha", k.top(nodes[1000:]...)))
	_, dir := up(t, v, opts)
	got := names(t, filepath.Join(dir, "versions"))
	if len(got) != 3000 || got[0] != "name 00000" || got[2999] != "name 02999" {
		t.Errorf("%d names, from %q to %q", len(got), got[0], got[len(got)-1])
	}
	checkPositions(t, filepath.Join(dir, "versions"), 3000)
}
