package opensearch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
)

// The second night reads what is new only; an index that was deleted comes back
// alone, with its alias, and nothing of the restore stays.
func TestSnapshotTwoNights(t *testing.T) {
	s := real(t)
	for _, name := range []string{"ivy-a", "ivy-b", "ivy-c"} {
		do(t, s, "PUT", "/"+name, `{"settings":{"number_of_shards":2,"number_of_replicas":0},"aliases":{"search-`+name+`":{"filter":{"term":{"n":5}}}}}`)
		fill(t, s, name, 0, 1000)
	}
	p := part(s, BySnapshot, "ivy-*")
	first := mustBackup(t, p, nil)
	if n := len(first.opened); n != len(first.tree) || n < 20 {
		t.Errorf("the first night read %d of %d files", n, len(first.tree))
	}
	fill(t, s, "ivy-b", 1000, 1)
	second := mustBackup(t, p, first)
	t.Logf("the first night has %d files, the second %d, of which %d were read: %v", len(first.tree), len(second.tree), len(second.opened), second.opened)
	// A document went into one of six shards: of the blobs with documents those
	// of one index are new, and each shard has a new list and a new description.
	blobs := 0
	for _, name := range second.opened {
		if strings.Contains(name, "/__") {
			blobs++
		}
	}
	if blobs == 0 || blobs > 4 || len(second.opened) > blobs+6*2+5 {
		t.Errorf("the second night read %d of %d files, %d of them with documents", len(second.opened), len(second.tree), blobs)
	}
	if got := second.facts.Counts; got["ivy-b"] != 1001 || got["ivy-a"] != 1000 || second.facts.Consistency != sources.Snapshot {
		t.Errorf("facts %+v", second.facts)
	}

	do(t, s, "DELETE", "/ivy-b", "")
	out := mustRestore(t, p, second.tree, sources.RestoreOptions{Only: []string{"ivy-b"}})
	if out.Counts["ivy-b"] != 1001 {
		t.Errorf("it came back with %v", out.Counts)
	}
	if got := do(t, s, "GET", "/search-ivy-b/_count", ""); !strings.Contains(got, `"count":1,`) {
		t.Errorf("its filtered alias: %s", got)
	}
	nothingOfRestores(t, s.Repo)

	// The first night is whole by itself, though the server has moved on.
	fill(t, s, "ivy-a", 0, 10)
	fill(t, s, "ivy-a", 5000, 10)
	do(t, s, "DELETE", "/ivy-c", "") // and it has another number of shards now
	do(t, s, "PUT", "/ivy-c", `{"settings":{"number_of_shards":1,"number_of_replicas":0}}`)
	var occupied *sources.OccupiedError
	if _, err := p.Restore(t.Context(), first.tree, sources.RestoreOptions{}); !errors.As(err, &occupied) {
		t.Errorf("over what lives: %v", err)
	}
	out = mustRestore(t, p, first.tree, sources.RestoreOptions{Replace: true})
	if out.Counts["ivy-a"] != 1000 || out.Counts["ivy-b"] != 1000 || out.Counts["ivy-c"] != 1000 {
		t.Errorf("it came back with %v", out.Counts)
	}
	beside := part(s, BySnapshot, "ivy-*")
	beside.c.Restore.Prefix = "old$-"
	out = mustRestore(t, beside, second.tree, sources.RestoreOptions{Only: []string{"ivy-b"}})
	if out.Counts["old$-ivy-b"] != 1001 {
		t.Errorf("beside came %v", out.Counts)
	}
	nothingOfRestores(t, s.Repo)
	if got := do(t, s, "GET", "/_snapshot", ""); strings.Contains(got, restoreRepository) {
		t.Errorf("a repository stayed: %s", got)
	}
}

// nothingOfRestores makes sure that path.repo holds the repository only.
func nothingOfRestores(t *testing.T, repo string) {
	t.Helper()
	left, err := os.ReadDir(repo)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range left {
		if d.Name() != "vault" {
			t.Errorf("%s stayed", d.Name())
		}
	}
}

// Snapshots go when a later one is known to be safe, and only then.
func TestOldSnapshotsGo(t *testing.T) {
	s := real(t)
	do(t, s, "PUT", "/ivy-a", `{"settings":{"number_of_replicas":0}}`)
	p := part(s, BySnapshot, "ivy-a")
	var name int
	p.newName = func() string { name++; return fmt.Sprintf("%snight-%d", ours, name) }
	there := func() string {
		all, err := shotsOf(t.Context(), clientOf(t, s.URL), "ivyvault")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, x := range all {
			names = append(names, strings.TrimPrefix(x.Name, ours))
		}
		return strings.Join(names, " ")
	}
	do(t, s, "PUT", "/_snapshot/ivyvault", `{"type":"fs","settings":{"location":"`+p.c.Snapshot.Location+`"}}`)
	do(t, s, "PUT", "/_snapshot/ivyvault/foreign?wait_for_completion=true", `{"indices":"ivy-a"}`)
	do(t, s, "PUT", "/_snapshot/ivyvault/ivyvault-by-hand?wait_for_completion=true", `{"indices":"ivy-a"}`)

	mustBackup(t, p, nil) // nothing is known: nothing goes
	mustBackup(t, p, nil)
	three := mustBackup(t, p, nil)
	if got := there(); got != "foreign by-hand night-1 night-2 night-3" {
		t.Fatalf("with nothing known there are %s", got)
	}
	mustBackup(t, p, three) // three is safe: one and two go, with keep 2
	if got := there(); got != "foreign by-hand night-3 night-4" {
		t.Errorf("after the fourth night there are %s", got)
	}
	// Of four it is not known whether it was kept, so the next may not build on it.
	mustBackup(t, p, three)
	if got := there(); got != "foreign by-hand night-3 night-5" {
		t.Errorf("after a night that was not kept there are %s", got)
	}
	// A capture that is not read to a good end leaves no snapshot.
	c, err := p.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Close(ended); err != nil {
		t.Error(err)
	}
	if got := there(); got != "foreign by-hand night-3" {
		t.Errorf("after a capture that was broken off there are %s", got)
	}
}

func TestRepositoryMovesMeanwhile(t *testing.T) {
	s := real(t)
	do(t, s, "PUT", "/ivy-a", `{"settings":{"number_of_replicas":0}}`)
	p := part(s, BySnapshot, "ivy-a")
	c, err := p.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	do(t, s, "PUT", "/_snapshot/ivyvault/foreign?wait_for_completion=true", `{"indices":"ivy-a"}`)
	_, err = c.(sources.Described).Facts(t.Context())
	var moved *MovedError
	if !errors.As(err, &moved) {
		t.Errorf("somebody took a snapshot meanwhile: %v", err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPlaces(t *testing.T) {
	s := real(t)
	do(t, s, "PUT", "/ivy-a", `{"settings":{"number_of_replicas":0}}`)
	fill(t, s, "ivy-a", 0, 3)
	good := mustBackup(t, part(s, BySnapshot, "ivy-a"), nil)

	p := part(s, BySnapshot, "ivy-a")
	p.c.Snapshot.Location, p.c.Snapshot.Repository = "/etc/nope/here", "elsewhere"
	_, err := p.Capture(t.Context())
	var place *PlaceError
	if !errors.As(err, &place) || !strings.Contains(err.Error(), `path.repo: ["/etc/nope"]`) {
		t.Errorf("a place that path.repo does not name: %v", err)
	}
	p = part(s, BySnapshot, "ivy-a")
	p.c.Snapshot.Location += "-other"
	if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "has a repository ivyvault already") {
		t.Errorf("a repository of that name at another place: %v", err)
	}
	p = part(s, BySnapshot, "ivy-a")
	p.c.Snapshot.Local = t.TempDir()
	if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "snapshot: local") && !strings.Contains(err.Error(), "can't be listed") {
		t.Errorf("another folder than the server's: %v", err)
	}
	all, err := shotsOf(t.Context(), clientOf(t, s.URL), "ivyvault")
	if err != nil || len(all) != 1 {
		t.Errorf("%d snapshots are left, %v", len(all), err)
	}

	do(t, s, "DELETE", "/ivy-a", "")
	p = part(s, BySnapshot, "ivy-a")
	outside := t.TempDir()
	p.c.Restore.Location = outside
	if _, err := p.Restore(t.Context(), good.tree, sources.RestoreOptions{}); !errors.As(err, &place) {
		t.Errorf("restored from outside of path.repo: %v", err)
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
		t.Errorf("%v is left there, %v", left, err)
	}
	// A blob that the tree lacks: shards fail though the server answers with 200.
	for name := range good.tree {
		if strings.HasPrefix(path.Base(name), "__") {
			delete(good.tree, name)
		}
	}
	p = part(s, BySnapshot, "ivy-a")
	_, err = p.Restore(t.Context(), good.tree, sources.RestoreOptions{})
	var failed *FailedError
	if !errors.As(err, &failed) || failed.Shards.Failed != 1 {
		t.Errorf("restored without its blobs: %v", err)
	}
	nothingOfRestores(t, s.Repo)
	if _, err := os.Stat(filepath.Join(s.Repo, "vault")); err != nil {
		t.Error(err)
	}
}
