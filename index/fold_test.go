package index

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ivyvault/index/generation"
)

func (m *model) load(_ context.Context, name Name) (Signer, File, error) {
	mf, ok := m.files[name]
	if !ok {
		return Signer{}, File{}, ErrLeaveOut
	}
	return mf.signer, mf.file, nil
}

func (m *model) live() []Name { return slices.Collect(maps.Keys(m.files)) }

// reopen opens dir and brings the table up to the model.
func (m *model) reopen(t *testing.T, dir string) *Table {
	t.Helper()
	tab := Open(dir)
	if err := tab.Discarded(); err != nil {
		t.Fatal(err)
	}
	m.catchUp(t, tab)
	return tab
}

func (m *model) catchUp(t *testing.T, tab *Table) {
	t.Helper()
	for _, name := range tab.Reconcile(m.live()) {
		if err := tab.Add(name, m.files[name].signer, m.files[name].file); err != nil {
			t.Fatal(err)
		}
	}
}

// sameWalk compares what Chunks and Packs yield with the model.
func (m *model) sameWalk(t *testing.T, tab *Table) {
	t.Helper()
	want := m.locations()
	var last *Places
	n := 0
	for p, err := range tab.Chunks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && order(&last.ID, last.Kind, &p.ID, p.Kind) >= 0 {
			t.Fatalf("chunks out of order: %v before %v", last.ID, p.ID)
		}
		last = &Places{ID: p.ID, Kind: p.Kind}
		if w := want[modelKey{p.ID, p.Kind}]; !slices.Equal(sortLocations(p.Locations), sortLocations(w)) {
			t.Fatalf("walk of %v:\n got %v\nwant %v", p.ID, p.Locations, w)
		}
		n++
	}
	if n != len(want) {
		t.Fatalf("the walk has %d chunks, want %d", n, len(want))
	}
	packs := make(map[PackInfo]int)
	count := 0
	for p := range tab.Packs() {
		packs[p]++
		count += p.Chunks
	}
	for name, mf := range m.files {
		for _, p := range mf.file.Packs {
			info := PackInfo{Name: p.Name, Kind: p.Kind, Size: p.Size, Chunks: len(p.Chunks), Index: name, Signer: mf.signer}
			for _, c := range p.Chunks {
				info.Stored += int64(c.Stored)
			}
			if packs[info]--; packs[info] == 0 {
				delete(packs, info)
			}
		}
	}
	if len(packs) != 0 {
		t.Fatalf("packs differ: %v", packs)
	}
	if tab.Count() != count {
		t.Fatalf("count is %d, want %d", tab.Count(), count)
	}
}

func (m *model) grow(r *rand.Rand, files int) {
	for range files {
		f := randomFile(r, 1+r.IntN(4), 40)
		m.repeatSome(r, f)
		m.files[randomName(r)] = modelFile{Signer{byte(r.IntN(3))}, f}
	}
}

func (m *model) keys() (keys []modelKey) { return slices.Collect(maps.Keys(m.locations())) }

func TestFoldAgainstModel(t *testing.T) {
	r := seeded(t, rand.Uint64())
	dir := t.TempDir()
	m := &model{files: make(map[Name]modelFile)}
	var gone []modelKey
	for round := range 8 {
		if round > 0 {
			m.grow(r, 1+r.IntN(6))
		}
		gone = append(gone, m.keys()...)
		for _, name := range m.live() {
			if r.IntN(5) == 0 {
				delete(m.files, name)
			}
		}
		before := m.reopen(t, dir)
		m.sameAs(t, before, gone)
		m.sameWalk(t, before)
		rep, err := Fold(t.Context(), dir, m.live(), m.load)
		if err != nil {
			t.Fatal(err)
		}
		if rep.Files != len(m.files) || rep.Chunks != int64(len(m.keys())) || rep.Locations != int64(before.Count()) {
			t.Fatalf("report %+v, want %d files, %d chunks, %d locations", rep, len(m.files), len(m.keys()), before.Count())
		}
		if !before.Superseded() {
			t.Fatal("the new generation is not noticed")
		}
		// The reader of the generation before is not disturbed.
		m.sameAs(t, before, gone)
		m.sameWalk(t, before)
		if err := before.Close(); err != nil {
			t.Fatal(err)
		}
		after := m.reopen(t, dir)
		if after.Superseded() {
			t.Fatal("the newest generation counts as superseded")
		}
		if len(after.Covered()) != len(m.files) || after.delta.n != 0 {
			t.Fatalf("%d files covered, want %d; delta %d", len(after.Covered()), len(m.files), after.delta.n)
		}
		m.sameAs(t, after, gone)
		m.sameWalk(t, after)
		// Dropping from the base, and adding again what was dropped.
		for name := range m.files {
			mf := m.files[name]
			keys := m.keys()
			delete(m.files, name)
			after.Drop(name)
			m.sameAs(t, after, keys)
			m.sameWalk(t, after)
			m.files[name] = mf
			m.catchUp(t, after)
			m.sameAs(t, after, gone)
			m.sameWalk(t, after)
			break
		}
		if err := after.Close(); err != nil {
			t.Fatal(err)
		}
		if old, _ := filepath.Glob(filepath.Join(dir, "gen-*")); len(old) != 2 {
			t.Fatalf("left behind: %v", old)
		}
	}
}

// TestFoldSpills sorts through files on disk, on a base and without one.
func TestFoldSpills(t *testing.T) {
	r := seeded(t, rand.Uint64())
	m := &model{files: make(map[Name]modelFile)}
	dir := t.TempDir()
	for range 2 {
		m.grow(r, 40)
		if _, err := foldRuns(t.Context(), dir, m.live(), m.load, 100); err != nil {
			t.Fatal(err)
		}
		tab := m.reopen(t, dir)
		m.sameAs(t, tab, nil)
		m.sameWalk(t, tab)
		if err := tab.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "gen-*", "run-*")); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestFoldFails(t *testing.T) {
	r := seeded(t, rand.Uint64())
	dir := t.TempDir()
	m := &model{files: make(map[Name]modelFile)}
	m.grow(r, 5)
	if _, err := Fold(t.Context(), dir, m.live(), m.load); err != nil {
		t.Fatal(err)
	}
	old := &model{files: maps.Clone(m.files)}
	m.grow(r, 5)
	boom := errors.New("boom")
	left := 3
	_, err := Fold(t.Context(), dir, m.live(), func(ctx context.Context, n Name) (Signer, File, error) {
		if left--; left == 0 {
			return Signer{}, File{}, boom
		}
		return m.load(ctx, n)
	})
	if !errors.Is(err, boom) {
		t.Fatalf("fold returned %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fold(ctx, dir, m.live(), m.load); !errors.Is(err, context.Canceled) {
		t.Fatalf("fold returned %v", err)
	}
	tab := old.reopen(t, dir)
	defer tab.Close()
	if tab.delta.n != 0 {
		t.Fatal("the old generation is gone")
	}
	old.sameAs(t, tab, nil)
	if tmp, _ := filepath.Glob(filepath.Join(dir, "tmp-*")); len(tmp) != 0 {
		t.Fatalf("left behind: %v", tmp)
	}
}

func TestFoldLeavesOut(t *testing.T) {
	r := seeded(t, rand.Uint64())
	dir := t.TempDir()
	m := &model{files: make(map[Name]modelFile)}
	m.grow(r, 5)
	gone := randomName(r)
	rep, err := Fold(t.Context(), dir, append([]Name{gone}, m.live()...), m.load)
	if err != nil {
		t.Fatal(err)
	}
	if rep.LeftOut != 1 || rep.Files != len(m.files) {
		t.Fatalf("report %+v", rep)
	}
	tab := Open(dir)
	defer tab.Close()
	if missing := tab.Reconcile(append(m.live(), gone)); !slices.Equal(missing, []Name{gone}) {
		t.Fatalf("missing %x", missing)
	}
}

// TestDamage breaks every file of a generation in every way that a crash or a
// rotten disk does. The table must come back, through Open, Err or a rebuild.
func TestDamage(t *testing.T) {
	r := seeded(t, rand.Uint64())
	m := &model{files: make(map[Name]modelFile)}
	m.grow(r, 30)
	ways := map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"emptied": func(t *testing.T, path string) { truncate(t, path, 0) },
		"cut": func(t *testing.T, path string) {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			truncate(t, path, info.Size()/2)
		},
		"flipped": func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			if err != nil || len(b) == 0 {
				t.Fatal(err)
			}
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}
	dir := t.TempDir()
	fold := func() {
		if _, err := Fold(t.Context(), dir, m.live(), m.load); err != nil {
			t.Fatal(err)
		}
	}
	fold()
	for way, harm := range ways {
		for _, pattern := range []string{"CURRENT", "gen-*.lock", "gen-*/MANIFEST", "gen-*/manifest", "gen-*/KEYREGISTRY",
			"gen-*/listings", "gen-*/*.sst"} {
			if pattern == "gen-*.lock" && way != "removed" {
				continue
			}
			names, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil || len(names) != 1 {
				t.Fatalf("%s: %v %v", pattern, names, err)
			}
			harm(t, names[0])
			tab := Open(dir)
			if tab.Discarded() == nil && tab.Err() == nil && tab.base != nil {
				// Not visible at once: a walk must see it.
				err := error(nil)
				for _, e := range tab.Chunks(t.Context()) {
					err = e
				}
				for range tab.Packs() {
				}
				if err == nil && tab.Err() == nil {
					t.Fatalf("%s %s: nobody notices", pattern, way)
				}
				if err := tab.Discard(); err != nil {
					t.Fatal(err)
				}
				if err := tab.Close(); err != nil {
					t.Fatal(err)
				}
				tab = Open(dir)
			}
			if tab.base != nil {
				t.Fatalf("%s %s: the damaged generation is still used", pattern, way)
			}
			m.catchUp(t, tab)
			m.sameAs(t, tab, nil)
			tab.Close()
			fold()
			whole := m.reopen(t, dir)
			if whole.delta.n != 0 {
				t.Fatalf("%s %s: not rebuilt", pattern, way)
			}
			m.sameAs(t, whole, nil)
			whole.Close()
		}
	}
}

// TestFoldOverDamage folds on a base whose damage shows only while it is read.
func TestFoldOverDamage(t *testing.T) {
	r := seeded(t, rand.Uint64())
	m := &model{files: make(map[Name]modelFile)}
	m.grow(r, 100)
	dir := t.TempDir()
	if _, err := Fold(t.Context(), dir, m.live(), m.load); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "gen-*", "*.sst"))
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	b[100] ^= 1
	if err := os.WriteFile(names[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	var damage *generation.DamageError
	if _, err := Fold(t.Context(), dir, m.live(), m.load); !errors.As(err, &damage) {
		t.Fatalf("fold over damage returned %v", err)
	}
	if _, err := Fold(t.Context(), dir, m.live(), m.load); err != nil {
		t.Fatal(err)
	}
	tab := m.reopen(t, dir)
	defer tab.Close()
	m.sameAs(t, tab, nil)
	m.sameWalk(t, tab)
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}
