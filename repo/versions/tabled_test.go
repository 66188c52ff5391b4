package versions

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/index/generation"
	"ivyvault/repo/tree"
)

// history is a random history: several backup sets of several hosts, whose
// trees are maps as world has them.
type history struct {
	*world
	r    *rand.Rand
	dir  string
	sets []map[string]string
	made int
	live []Snapshot
}

func newHistory(t testing.TB, seed uint64) *history {
	h := &history{world: newWorld(t), r: rand.New(rand.NewPCG(seed, 2)), dir: filepath.Join(t.TempDir(), "versions")}
	for range 3 {
		h.sets = append(h.sets, map[string]string{})
	}
	return h
}

func (h *history) reader() *tree.Reader { return tree.NewReader(h.mem, h.hash, 1<<20) }

// name favours what is hard to keep in order: names that begin like others.
func (h *history) name() string {
	return []string{"a", "a.b", "ab", "b", "\x01", "b\x01", "\xff\xfe", "long " + strings.Repeat("n", 50)}[h.r.IntN(8)]
}

func (h *history) path(set map[string]string) string {
	path := ""
	for range h.r.IntN(4) {
		dir := tree.Join(path, h.name())
		if body, ok := set[dir]; !ok || body != "" {
			break
		}
		path = dir
	}
	return tree.Join(path, h.name())
}

// change changes some entries of a set: files appear, change, change back, go;
// directories too, and one turns into the other.
func (h *history) change(set map[string]string) {
	remove := func(path string) {
		for p := range set {
			if p == path || strings.HasPrefix(p, path+"/") {
				delete(set, p)
			}
		}
	}
	for range h.r.IntN(12) {
		path := h.path(set)
		remove(path)
		switch h.r.IntN(4) {
		case 0:
		case 1:
			set[path] = ""
		default:
			set[path] = []string{"x", "@", "%", "#", "="}[h.r.IntN(5)] + string(rune('a'+h.r.IntN(3)))
		}
	}
}

// commit makes a snapshot of one set; one in eight is dated back.
func (h *history) commit() {
	i := h.r.IntN(len(h.sets))
	h.change(h.sets[i])
	h.made++
	at := h.made * 10
	if h.r.IntN(8) == 0 {
		at = h.r.IntN(at)
	}
	s := Snapshot{
		ID: [32]byte{byte(h.made), byte(h.made >> 8), 1}, Time: time.Unix(int64(at), 0),
		Host: fmt.Sprint("host ", i%2), Set: fmt.Sprint("set ", i), Root: h.world.dir(h.sets[i], ""),
	}
	h.set = append(h.set, s) // the entries' times tell snapshots apart
	h.live = append(h.live, s)
}

func (h *history) forget() {
	if len(h.live) > 0 {
		i := h.r.IntN(len(h.live))
		if h.r.IntN(3) == 0 {
			i = len(h.live) - 1
		}
		h.live = slices.Delete(h.live, i, i+1)
	}
}

func (h *history) fold() Report {
	h.t.Helper()
	rep, err := Fold(context.Background(), h.reader(), h.hash, h.dir, h.live, nil)
	if err != nil || rep.Snapshots != len(h.live) {
		h.t.Fatalf("%+v, %v; %d snapshots live", rep, err, len(h.live))
	}
	return rep
}

// same compares every answer of the two for every path that ever was.
func (h *history) same(f *Finder, tab *Tabled) {
	h.t.Helper()
	ctx := context.Background()
	paths, queue := []string{"never", "a/never", "a/never/b"}, []string{""}
	for len(queue) > 0 {
		dir := queue[0]
		queue = queue[1:]
		paths = append(paths, dir)
		want, got := listAll(h.t, f.List(ctx, dir, "")), listAll(h.t, tab.List(ctx, dir, ""))
		if !slices.Equal(want, got) {
			h.t.Fatalf("list of %q: %v, want %v", dir, got, want)
		}
		for i, c := range want {
			if got := listAll(h.t, tab.List(ctx, dir, c.Name)); !slices.Equal(got, want[i+1:]) {
				h.t.Fatalf("list of %q after %q: %v, want %v", dir, c.Name, got, want[i+1:])
			}
			path := tree.Join(dir, c.Name)
			if paths = append(paths, path); c.Dir {
				queue = append(queue, path)
			}
		}
	}
	for _, path := range paths {
		want, err1 := f.Stat(ctx, path)
		got, err2 := tab.Stat(ctx, path)
		if err := errors.Join(err1, err2); err != nil || want != got {
			h.t.Fatalf("stat of %q: %v, want %v; %v", path, got, want, err)
		}
		wants, err1 := f.Of(ctx, path)
		gots, err2 := tab.Of(ctx, path)
		if err := errors.Join(err1, err2); err != nil || len(wants) != len(gots) {
			h.t.Fatalf("%q has %d versions, want %d; %v", path, len(gots), len(wants), err)
		}
		for i := range wants {
			if !reflect.DeepEqual(wants[i], gots[i]) {
				h.t.Fatalf("version %d of %q is %+v, want %+v", i, path, gots[i], wants[i])
			}
		}
	}
}

func listAll(t testing.TB, seq func(func(Child, error) bool)) (all []Child) {
	t.Helper()
	for c, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func TestTabledAnswersAsAFinderDoes(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for round := range uint64(4) {
		h := newHistory(t, seed+round)
		f, tab := New(h.reader()), Open(h.reader(), h.hash, h.dir)
		for range 40 {
			switch h.r.IntN(6) {
			case 0:
				h.forget()
			case 1:
				h.fold()
				tab.Reload()
			default:
				h.commit()
			}
			f.Set(h.live)
			if h.r.IntN(3) > 0 { // sometimes it lags behind
				tab.Set(h.live)
				h.same(f, tab)
			}
		}
		h.fold()
		tab.Set(h.live)
		if n := tab.Missing(); n != 0 {
			t.Errorf("%d snapshots are missing after a fold", n)
		}
		h.same(f, tab)
		if err := errors.Join(tab.Discarded(), tab.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestTableSparesReads counts chunks that are read.
func TestTableSparesReads(t *testing.T) {
	h := newHistory(t, 1)
	for i := range 300 {
		h.sets[0][fmt.Sprintf("d%02d", i%20)] = ""
		h.sets[0][fmt.Sprintf("d%02d/f%03d", i%20, i)] = "same"
	}
	add := func(i int) {
		h.sets[0]["d00/f000"] = fmt.Sprint("version ", i%3)
		h.sets[0]["d01/nightly"] = fmt.Sprint("night ", i)
		s := Snapshot{ID: [32]byte{byte(i), 1}, Time: time.Unix(int64(i), 0), Root: h.world.dir(h.sets[0], "")}
		h.live = append(h.live, s)
	}
	for i := range 200 {
		add(i)
	}
	if rep := h.fold(); rep.Added != 200 || rep.Changes > 320+2*200 {
		t.Errorf("%+v", rep)
	}
	before := h.mem.Gets.Load()
	if rep := h.fold(); rep.Added != 0 || h.mem.Gets.Load() != before {
		t.Errorf("a fold of nothing: %+v, %d reads", rep, h.mem.Gets.Load()-before)
	}
	tab := Open(tree.NewReader(h.mem, h.hash, 0), h.hash, h.dir)
	defer tab.Close()
	tab.Set(h.live)
	reads := func(what string, most int64, ask func() (int, error), want int) {
		t.Helper()
		before := h.mem.Gets.Load()
		n, err := ask()
		if err != nil || n != want {
			t.Errorf("%s: %d, %v; want %d", what, n, err, want)
		}
		if gets := h.mem.Gets.Load() - before; gets > most {
			t.Errorf("%s: %d reads, want at most %d", what, gets, most)
		}
	}
	of := func() (int, error) { v, err := tab.Of(t.Context(), "d00/f000"); return len(v), err }
	reads("three versions", 3*2, of, 3)
	reads("names", 0, func() (int, error) { return len(listAll(t, tab.List(t.Context(), "d00", ""))), nil }, 15)
	reads("stat", 0, func() (int, error) { c, err := tab.Stat(t.Context(), "d01/nightly"); return len(c.Name), err }, 7)
	add(200)
	tab.Set(h.live)
	if tab.Missing() != 1 || tab.ShouldFold() {
		t.Errorf("%d missing", tab.Missing())
	}
	reads("three versions and one snapshot beside the table", 3*2+2, of, 3)
	before = h.mem.Gets.Load()
	if h.fold(); h.mem.Gets.Load()-before > 10 {
		t.Errorf("%d reads for one snapshot", h.mem.Gets.Load()-before)
	}
}

// TestDamagedTable harms the table's files, one after the other: answers stay
// right, the table is given up and comes back with the next fold.
func TestDamagedTable(t *testing.T) {
	h := newHistory(t, 7)
	for range 30 {
		h.commit()
	}
	f := New(h.reader())
	f.Set(h.live)
	h.fold()
	names, err := filepath.Glob(filepath.Join(h.dir, "gen-*", "*"))
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	for _, base := range names {
		base = filepath.Base(base)
		for _, harm := range []func(string) error{
			os.Remove,
			func(p string) error { return os.Truncate(p, 5) },
			func(p string) error {
				b, err := os.ReadFile(p)
				if err == nil && len(b) > 20 {
					b[len(b)/3] ^= 0x40
				}
				return errors.Join(err, os.WriteFile(p, b, 0o600))
			},
		} {
			h.fold()
			got, _ := filepath.Glob(filepath.Join(h.dir, "gen-*", base))
			if len(got) != 1 {
				continue // files have other numbers now
			}
			if err := harm(got[0]); err != nil {
				t.Fatal(err)
			}
			tab := Open(h.reader(), h.hash, h.dir)
			tab.Set(h.live)
			h.same(f, tab)
			if tab.Discarded() == nil {
				t.Errorf("%s was harmed, and nobody saw it", base)
			}
			if err := tab.Close(); err != nil {
				t.Error(err)
			}
			h.fold()
			tab = Open(h.reader(), h.hash, h.dir)
			tab.Set(h.live)
			if tab.Missing() != 0 || tab.Discarded() != nil {
				t.Errorf("%s: %d missing after the fold, %v", base, tab.Missing(), tab.Discarded())
			}
			if err := tab.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestHarmUnderway damages a large table while a directory is being listed.
func TestHarmUnderway(t *testing.T) {
	h := newHistory(t, 3)
	for i := range 10000 {
		h.sets[0][fmt.Sprintf("%06d %s", i, strings.Repeat(string(rune('a'+i%26)), 800))] = "x"
	}
	h.live = []Snapshot{{ID: [32]byte{1}, Root: h.world.dir(h.sets[0], "")}}
	h.fold()
	tab := Open(h.reader(), h.hash, h.dir)
	defer tab.Close()
	tab.Set(h.live)
	n := 0
	for c, err := range tab.List(t.Context(), "", "") {
		if err != nil || !strings.HasPrefix(c.Name, fmt.Sprintf("%06d ", n)) {
			t.Fatal(n, c, err)
		}
		if n++; n == 10 {
			files, _ := filepath.Glob(filepath.Join(h.dir, "gen-*", "*.sst"))
			if len(files) < 2 {
				t.Fatalf("%d files are too few", len(files))
			}
			last := files[len(files)-1]
			b, err := os.ReadFile(last)
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2]++
			if err := os.WriteFile(last, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	var damage *generation.DamageError
	if n != 10000 || !errors.As(tab.Discarded(), &damage) {
		t.Errorf("%d names; %v", n, tab.Discarded())
	}
	if generation.Newest(h.dir) != 0 {
		t.Error("the damaged table is still in its place")
	}
}

// TestWrongTable has a table that tells of other contents than the snapshots.
func TestWrongTable(t *testing.T) {
	h := newHistory(t, 5)
	h.sets[0]["f"] = "one"
	h.live = []Snapshot{{ID: [32]byte{1}, Root: h.world.dir(h.sets[0], "")}}
	if _, err := Fold(t.Context(), h.reader(), func(b []byte) chunk.ID { return chunk.ID{b[0], 1} }, h.dir, h.live, nil); err != nil {
		t.Fatal(err)
	}
	f, tab := New(h.reader()), Open(h.reader(), h.hash, h.dir)
	defer tab.Close()
	f.Set(h.live)
	tab.Set(h.live)
	h.same(f, tab)
	if tab.Discarded() == nil {
		t.Error("nobody saw it")
	}
}

// TestUnreadableSnapshot leaves out what can't be read and takes it later.
func TestUnreadableSnapshot(t *testing.T) {
	h := newHistory(t, 9)
	for i := range 3 {
		h.sets[0]["d"], h.sets[0]["d/f"] = "", fmt.Sprint(i)
		h.live = append(h.live, Snapshot{ID: [32]byte{byte(i)}, Time: time.Unix(int64(i), 0), Root: h.world.dir(h.sets[0], "")})
	}
	n, err := h.reader().Lookup(t.Context(), h.live[1].Root, "d")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := h.mem.Get(t.Context(), n.Tree)
	if err != nil {
		t.Fatal(err)
	}
	kept = slices.Clone(kept)
	h.mem.Damage(n.Tree, 3)
	rep, err := Fold(t.Context(), h.reader(), h.hash, h.dir, h.live, nil)
	if err != nil || rep.LeftOut != 1 || rep.Snapshots != 2 {
		t.Fatalf("%+v, %v", rep, err)
	}
	tab := Open(tree.NewReader(h.mem, h.hash, 0), h.hash, h.dir)
	defer tab.Close()
	tab.Set(h.live)
	if _, err := tab.Of(t.Context(), "d/f"); !errors.Is(err, chunk.ErrDamaged) {
		t.Errorf("what can't be read was answered: %v", err)
	}
	h.mem.Drop(n.Tree)
	if _, err := h.mem.Put(t.Context(), chunk.Page, kept); err != nil {
		t.Fatal(err)
	}
	f := New(h.reader())
	f.Set(h.live)
	h.same(f, tab)
	h.fold()
	tab.Reload()
	h.same(f, tab)
}

// TestLongPaths are beyond what a table holds.
func TestLongPaths(t *testing.T) {
	h := newHistory(t, 11)
	path := ""
	for range 20 {
		path = tree.Join(path, strings.Repeat("d", 4000))
		h.sets[0][path] = ""
	}
	h.sets[0][path+"/f"] = "deep"
	h.live = []Snapshot{{ID: [32]byte{1}, Root: h.world.dir(h.sets[0], "")}}
	h.fold()
	f, tab := New(h.reader()), Open(h.reader(), h.hash, h.dir)
	defer tab.Close()
	f.Set(h.live)
	tab.Set(h.live)
	h.same(f, tab)
	if v, err := tab.Of(t.Context(), path+"/f"); err != nil || len(v) != 1 || tab.Discarded() != nil {
		t.Error(len(v), err, tab.Discarded())
	}
}
