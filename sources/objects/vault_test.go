package objects

import (
	"slices"
	"testing"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/seal"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/tree"
	"ivyvault/sources"
)

// Through a real repository: the second snapshot opens what is new only, and
// both give back every key with what it carried.
func TestThroughARepository(t *testing.T) {
	r, err := repo.Init(t.Context(), mem.New(), repo.InitOptions{Password: []byte("secret"), Argon: seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1},
		Config: repo.Config{PackSize: repo.MinPackSize}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	night := func(f *fake) *tree.FS {
		t.Helper()
		rep, err := backup.Run(t.Context(), r, backup.Options{Source: source{f: f}, Paths: []string{"/"}, Host: "host"}, nil)
		if err != nil || rep.Incomplete {
			t.Fatalf("%v, %+v", err, rep)
		}
		list, err := r.Snapshots(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		snap, err := repo.FindSnapshot(list, rep.Snapshot.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return tree.NewFS(t.Context(), tree.NewReader(r, r.Keys().ContentHash, 1<<20), snap.Root.Ref())
	}
	f := nasty()
	f.set("no name", "metadata of its own")
	first, before := night(f), newFake()
	for k, v := range f.things {
		before.things[k] = v
	}
	f.opened = nil
	f.set("b.txt", "another")
	f.set("new", "new")
	f.remove("a/b")
	second := night(f)
	if slices.Sort(f.opened); !slices.Equal(f.opened, []string{"b.txt", "new"}) {
		t.Errorf("the second night opened %q", f.opened)
	}
	for _, c := range []struct {
		from *tree.FS
		want *fake
	}{{first, before}, {second, f}} {
		back := newFake()
		done, err := Restore(t.Context(), back, Options{}, c.from, sources.RestoreOptions{})
		if err != nil || len(done.Notes) > 0 {
			t.Fatalf("%v, %q", err, done.Notes)
		}
		same(t, back, c.want)
	}
}
