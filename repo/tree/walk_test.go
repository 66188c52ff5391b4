package tree

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"ivyvault/chunk"
)

// model is a directory tree in memory: nil values are directories' own entries.
type model map[string]*model // name to directory, nil for a file

func (d model) write(t testing.TB, m *memory, mtime map[string]int64, path string) (chunk.Ref, uint64) {
	w := NewDirWriter(m, testCut)
	for _, name := range slices.Sorted(maps.Keys(d)) {
		p := Join(path, name)
		n := Node{Name: name, Type: File, MTime: Time{Sec: mtime[p]}}
		if sub := d[name]; sub != nil {
			n.Type = Dir
			n.Tree, n.Files = sub.write(t, m, mtime, p)
		}
		if err := w.Add(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := w.Totals()
	ref, err := w.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ref, files
}

// list gives the paths in the order of Walk.
func (d model) list(path string, out *[]string) {
	for _, name := range slices.Sorted(maps.Keys(d)) {
		*out = append(*out, Join(path, name))
		if d[name] != nil {
			d[name].list(Join(path, name), out)
		}
	}
}

func randomModel(r *rand.Rand, depth int) *model {
	d := model{}
	count := r.IntN(8)
	if r.IntN(10) == 0 {
		count = 400
	}
	for range count {
		name := fmt.Sprintf("%x", r.Uint32N(1<<12))
		d[name] = nil
		if depth > 0 && r.IntN(max(2, count/4)) == 0 {
			d[name] = randomModel(r, depth-1)
		}
	}
	return &d
}

// change makes a copy with a few entries added, removed, or turned into the other type.
func (d model) change(r *rand.Rand) *model {
	c := model{}
	for name, sub := range d {
		if sub != nil && r.IntN(2) == 0 {
			sub = sub.change(r)
		}
		switch r.IntN(60) {
		case 0:
			continue
		case 1:
			c[name+"-new"] = randomModel(r, 1)
		case 2:
			if sub == nil {
				sub = randomModel(r, 1)
			} else {
				sub = nil
			}
		}
		c[name] = sub
	}
	return &c
}

func TestWalkAndDiffAgainstModel(t *testing.T) {
	r := seeded(t)
	ctx := t.Context()
	rounds := 60
	if raceEnabled {
		rounds = 12
	}
	for range rounds {
		m := newMemory()
		one := randomModel(r, 4)
		two := one.change(r)
		times := map[string]int64{}
		a, files := one.write(t, m, times, "")
		var pathsA, pathsB []string
		one.list("", &pathsA)
		two.list("", &pathsB)
		later := map[string]int64{}
		for _, p := range pathsB {
			if r.IntN(50) == 0 {
				later[p] = 5
			}
		}
		b, _ := two.write(t, m, later, "")
		rd := newReader(m)

		nodesOf := func(root chunk.Ref, want []string) map[string]Node {
			all := map[string]Node{}
			var got []string
			err := rd.Walk(ctx, root, func(dir string, n *Node) error {
				p := Join(dir, n.Name)
				got = append(got, p)
				all[p] = n.Clone()
				return nil
			})
			if err != nil || !slices.Equal(got, want) {
				t.Fatal("walk differs from model", err)
			}
			return all
		}
		nodesA, nodesB := nodesOf(a, pathsA), nodesOf(b, pathsB)
		count := uint64(0)
		for p, n := range nodesA {
			if n.Type == File {
				count++
			}
			if got, err := rd.Resolve(ctx, a, "/"+p+"/"); err != nil || !got.Equal(&n) {
				t.Fatal(p, err)
			}
		}
		if count != files {
			t.Fatalf("totals say %d files of %d", files, count)
		}
		want := map[string]bool{}
		for p, n := range nodesA {
			if o, ok := nodesB[p]; !ok || !n.Equal(&o) {
				want[p] = true
			}
		}
		for p := range nodesB {
			if _, ok := nodesA[p]; !ok {
				want[p] = true
			}
		}
		for _, swap := range []bool{false, true} {
			x, y, nx, ny := a, b, nodesA, nodesB
			if swap {
				x, y, nx, ny = b, a, nodesB, nodesA
			}
			got := map[string]bool{}
			same := func(n *Node, all map[string]Node, p string) bool {
				o, ok := all[p]
				return ok == (n != nil) && (n == nil || n.Equal(&o))
			}
			err := rd.Diff(ctx, x, y, func(dir string, old, new *Node) error {
				n := old
				if n == nil {
					n = new
				}
				p := Join(dir, n.Name)
				if got[p] || !same(old, nx, p) || !same(new, ny, p) {
					t.Fatalf("%s: reported wrongly", p)
				}
				got[p] = true
				return nil
			})
			if err != nil || !maps.Equal(got, want) {
				t.Fatalf("%d differences, want %d: %v", len(got), len(want), err)
			}
		}
		reached := map[chunk.Ref]bool{}
		for _, root := range []chunk.Ref{a, b} {
			err := rd.Chunks(ctx, root, func(ref chunk.Ref) (bool, error) {
				known := reached[ref]
				reached[ref] = true
				return !known, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(reached) != len(m.m) {
			t.Fatalf("%d chunks reached of %d", len(reached), len(m.m))
		}
	}
}

func TestWalkSkips(t *testing.T) {
	m := newMemory()
	d := model{"a": nil, "b": {"x": nil, "y": {"deep": nil}, "z": nil}, "c": {"p": nil}, "d": nil}
	root, _ := d.write(t, m, nil, "")
	for skip, want := range map[string]string{
		"":    "a b b/x b/y b/y/deep b/z c c/p d",
		"b":   "a b c c/p d",
		"b/y": "a b b/x b/y b/z c c/p d",
		"b/x": "a b b/x c c/p d",
		"a":   "a",
	} {
		var got []string
		err := newReader(m).Walk(t.Context(), root, func(dir string, n *Node) error {
			got = append(got, Join(dir, n.Name))
			if Join(dir, n.Name) == skip {
				return fs.SkipDir
			}
			return nil
		})
		if s := strings.Join(got, " "); err != nil || s != want {
			t.Errorf("skipping %q: %s, %v", skip, s, err)
		}
	}
	calls := 0
	stop := func() error { calls++; return fs.SkipAll }
	if err := newReader(m).Walk(t.Context(), root, func(string, *Node) error { return stop() }); err != nil || calls != 1 {
		t.Error(calls, err)
	}
	empty, _ := model{}.write(t, m, nil, "")
	if err := newReader(m).Diff(t.Context(), empty, root, func(string, *Node, *Node) error { return stop() }); err != nil || calls != 2 {
		t.Error(calls, err)
	}
}

func TestDeepTree(t *testing.T) {
	m := newMemory()
	ref, _ := model{"end": nil}.write(t, m, nil, "")
	const deep = 3000
	for range deep {
		ref = writeDir(t, m, []Node{{Name: "d", Type: Dir, Tree: ref}})
	}
	rd := newReader(m)
	longest := ""
	if err := rd.Walk(t.Context(), ref, func(dir string, n *Node) error { longest = Join(dir, n.Name); return nil }); err != nil {
		t.Fatal(err)
	}
	if longest != strings.Repeat("d/", deep)+"end" {
		t.Fatal("the last path is wrong")
	}
	if n, err := rd.Resolve(t.Context(), ref, longest); err != nil || n.Name != "end" {
		t.Fatal(err)
	}
}

func TestReaderConcurrently(t *testing.T) {
	m := newMemory()
	nodes := randomNodes(seeded(t), 5000)
	dir := writeDir(t, m, nodes)
	rd := NewReader(m, contentHash, 100<<10)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(g)))
			for range 200 {
				want := &nodes[r.IntN(len(nodes))]
				if n, err := rd.Lookup(t.Context(), dir, want.Name); err != nil || !n.Equal(want) {
					t.Error(want.Name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if rd.cache.bytes > rd.cache.limit || len(rd.cache.byRef) != rd.cache.order.Len() {
		t.Fatalf("the cache holds %d bytes of %d", rd.cache.bytes, rd.cache.limit)
	}
}
