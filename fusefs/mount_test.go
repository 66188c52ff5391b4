package fusefs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ivyvault/chunk/chunktest"
	"ivyvault/repo/tree"
)

func TestContentsComeOutAsTheyWentIn(t *testing.T) {
	k := newKit(t)
	contents := map[string][]byte{}
	var nodes []tree.Node
	for i, size := range []int{0, 1, 64, 65, 4096, 130000, 256 << 10, 300000, 1 << 20, 5<<20 + 17} {
		name := fmt.Sprintf("file %d of %d", i, size)
		contents[name] = chunktest.Noise(byte(i), size)
		nodes = append(nodes, k.file(name, contents[name]))
	}
	_, dir := up(t, one(k, k.top(k.dir("deep", k.dir("deeper", nodes...)))), k.options(nil))
	for name, want := range contents {
		got, err := os.ReadFile(in(dir, "deep", "deeper", name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, other ones than the %d that went in", name, len(got), len(want))
		}
	}
	if got := names(t, in(dir, "deep", "deeper")); len(got) != len(contents) {
		t.Errorf("listed: %q", got)
	}
	if _, err := os.Lstat(in(dir, "deep", "nothing")); !os.IsNotExist(err) {
		t.Errorf("a name that is not there: %v", err)
	}
}

func TestLayout(t *testing.T) {
	k := newKit(t)
	root := k.top(k.file("f", []byte("x")))
	v := &vaultMem{list: []Snapshot{
		snap(1, day, "alpha", root, "nightly", "a/b"),
		snap(2, day, "beta", root, "nightly"),
		snap(3, day.AddDate(0, 0, 1), "alpha", root),
	}}
	_, dir := up(t, v, k.options(nil))
	next := "2026-11-22T02-00-05Z"
	for _, c := range []struct {
		path string
		want []string
	}{
		{"", []string{"hosts", "ids", "snapshots", "systems", "tags"}},
		{"snapshots", []string{oneTime, oneTime + "-2", next, "latest"}},
		{"snapshots/latest/", []string{"f"}},
		{"hosts", []string{"alpha", "beta"}},
		{"hosts/alpha", []string{oneTime, next, "latest"}},
		{"hosts/beta/latest/", []string{"f"}},
		{"tags", []string{"a%2Fb", "nightly"}},
		{"tags/nightly", []string{oneTime, oneTime + "-2", "latest"}},
		{"ids", []string{idName(v.list[0].ID), idName(v.list[1].ID), idName(v.list[2].ID)}},
		{"ids/" + idName(v.list[1].ID), []string{"f"}},
	} {
		if got := names(t, filepath.Join(dir, c.path)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
	if to, err := os.Readlink(filepath.Join(dir, "snapshots/latest")); err != nil || to != next {
		t.Errorf("latest is %q, %v", to, err)
	}
}

// A system's snapshots show what was captured of it, and the link leads to the
// newest to which nothing is missing.
func TestSystems(t *testing.T) {
	k := newKit(t)
	of := func(n byte, when time.Time, incomplete bool, content string) Snapshot {
		claims := k.dir("claims", k.file("RUNBOOK.md", []byte(content)))
		s := snap(n, when, "alpha", k.top(k.dir("systems", claims)))
		s.System, s.SystemRoot, s.Incomplete = "claims", "systems/claims", incomplete
		return s
	}
	v := &vaultMem{list: []Snapshot{
		of(1, day, false, "one"), of(2, day.AddDate(0, 0, 1), true, "two"),
		snap(3, day.AddDate(0, 0, 2), "alpha", k.top(k.file("f", []byte("x")))),
	}}
	_, dir := up(t, v, k.options(nil))
	next := "2026-11-22T02-00-05Z"
	if got, want := names(t, filepath.Join(dir, "systems/claims")), []string{oneTime, next, "latest"}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
	for path, want := range map[string]string{oneTime: "one", next: "two", "latest": "one"} {
		if got, err := os.ReadFile(filepath.Join(dir, "systems/claims", path, "RUNBOOK.md")); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}
