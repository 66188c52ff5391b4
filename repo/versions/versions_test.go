package versions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/chunk/chunktest"
	"ivyvault/repo/tree"
)

// world makes snapshots of directories that are maps from names to what stands
// there: "" is a directory, anything else the content of a file.
type world struct {
	t    testing.TB
	mem  *chunktest.Mem
	hash func([]byte) chunk.ID
	f    *Finder
	all  []map[string]string
	set  []Snapshot
}

func newWorld(t testing.TB) *world {
	keys := chunk.NewKeys([32]byte{1})
	w := &world{t: t, mem: chunktest.NewMem(keys), hash: keys.ContentHash}
	w.f = New(tree.NewReader(w.mem, keys.ContentHash, 1<<20))
	return w
}

func (w *world) dir(entries map[string]string, prefix string) chunk.Ref {
	d := tree.NewDirWriter(w.mem, tree.Cut{})
	ctx := context.Background()
	for _, path := range slices.Sorted(maps.Keys(entries)) {
		name, ok := strings.CutPrefix(path, prefix)
		if !ok || strings.Contains(name, "/") {
			continue
		}
		n := tree.Node{Name: name, Type: tree.File, Links: 1, MTime: tree.Time{Sec: int64(len(w.set))}}
		if body := entries[path]; body == "" {
			n.Type, n.Tree = tree.Dir, w.dir(entries, path+"/")
		} else {
			w.fill(&n, body)
		}
		if err := d.Add(ctx, &n); err != nil {
			w.t.Fatal(err)
		}
	}
	ref, err := d.Close(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return ref
}

// fill gives an entry a body: what begins with @ is a link, with # a slice, with
// = a chunk, with % a device.
func (w *world) fill(n *tree.Node, body string) {
	n.Size = uint64(len(body))
	put := func(b string) chunk.Ref {
		ref, err := w.mem.Put(context.Background(), chunk.Data, []byte(b))
		if err != nil {
			w.t.Fatal(err)
		}
		return ref
	}
	switch body[0] {
	case '@':
		n.Type, n.Target, n.Size = tree.Symlink, body, 0
	case '%':
		n.Type, n.Rdev, n.Size = tree.CharDevice, uint64(body[1]), 0
	case '#':
		n.Content = tree.Content{Form: tree.Slice, Ref: put("before " + body), Offset: 7, Hash: w.hash([]byte(body))}
	case '=':
		n.Content = tree.Content{Form: tree.Chunked, Ref: put(body)}
	default:
		n.Content = tree.Content{Form: tree.Inline, Inline: []byte(body)}
	}
}

func (w *world) snapshot(entries map[string]string) {
	s := Snapshot{ID: [32]byte{byte(len(w.set) + 1)}, Time: time.Unix(int64(len(w.set)), 0), Host: "h", Root: w.dir(entries, "")}
	w.all, w.set = append(w.all, maps.Clone(entries)), append(w.set, s)
	w.f.Set(w.set)
}

func (w *world) list(path, after string) []Child {
	var got []Child
	for c, err := range w.f.List(w.t.Context(), path, after) {
		if err != nil {
			w.t.Fatal(err)
		}
		got = append(got, c)
	}
	return got
}

// check compares every answer with what the maps say.
func (w *world) check() {
	w.t.Helper()
	paths, dirs := map[string]bool{}, map[string]bool{"": true, "never": true}
	for _, m := range w.all {
		for p, body := range m {
			paths[p] = true
			if body == "" {
				dirs[p] = true
			}
		}
	}
	for p := range paths {
		var want []string
		have := map[string][]byte{}
		for i, m := range w.all {
			body, ok := m[p]
			if !ok || body == "" {
				continue
			}
			if have[body] == nil {
				want = append(want, body)
			}
			have[body] = append(have[body], byte(i+1))
		}
		got, err := w.f.Of(w.t.Context(), p)
		if err != nil || len(got) != len(want) {
			w.t.Fatalf("%s: %d versions, %v; want %d", p, len(got), err, len(want))
		}
		for i, v := range got {
			var in []byte
			for _, s := range v.Snapshots {
				in = append(in, s.ID[0])
			}
			if string(v.Node.Content.Inline) != want[i] || !slices.Equal(in, have[want[i]]) {
				w.t.Errorf("%s: version %d is %q in %v, want %q in %v", p, i, v.Node.Content.Inline, in, want[i], have[want[i]])
			}
			if first := int64(in[0] - 1); v.Node.MTime.Sec != first {
				w.t.Errorf("%s: version %d is shown as of snapshot %d, want %d", p, i, v.Node.MTime.Sec, first)
			}
		}
	}
	for d := range dirs {
		want := map[string]Child{}
		for _, m := range w.all {
			for p, body := range m {
				parent, name := split(p)
				if parent != d {
					continue
				}
				c := want[name]
				c.Name = name
				c.Dir, c.File = c.Dir || body == "", c.File || body != ""
				want[name] = c
			}
		}
		sorted := slices.SortedFunc(maps.Values(want), func(a, b Child) int { return strings.Compare(a.Name, b.Name) })
		if got := w.list(d, ""); !slices.Equal(got, sorted) {
			w.t.Fatalf("list of %q: %v, want %v", d, got, sorted)
		}
		for i := range sorted {
			if i%97 == 0 {
				if got := w.list(d, sorted[i].Name); !slices.Equal(got, sorted[i+1:]) {
					w.t.Fatalf("list of %q after %q: %d names, want %d", d, sorted[i].Name, len(got), len(sorted)-i-1)
				}
			}
			c, err := w.f.Stat(w.t.Context(), tree.Join(d, sorted[i].Name))
			if err != nil || c != sorted[i] {
				w.t.Fatalf("stat of %q: %v, %v", sorted[i].Name, c, err)
			}
		}
	}
}

func TestAgainstAModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t)
	now := map[string]string{"a": "", "b": "", "a/c": ""}
	for range 700 {
		now[fmt.Sprintf("a/f%d", r.IntN(3000))] = fmt.Sprint(r.IntN(3))
	}
	for range 12 {
		for range 5 {
			dir := []string{"", "a/", "b/", "a/c/"}[r.IntN(4)]
			path := dir + fmt.Sprintf("f%d", r.IntN(3000))
			switch r.IntN(3) {
			case 0:
				delete(now, path)
			case 1:
				if now[path] != "" || !has(now, path) {
					now[path] = fmt.Sprint(r.IntN(4))
				}
			case 2: // what was a file becomes a directory and the reverse
				if body, ok := now["b/x"]; ok && body == "" {
					delete(now, "b/x/y")
					now["b/x"] = "file"
				} else {
					now["b/x"], now["b/x/y"] = "", "inner"
				}
			}
		}
		w.snapshot(now)
		w.check()
	}
}

func has(m map[string]string, k string) bool { _, ok := m[k]; return ok }

func TestMetadataMakesNoVersion(t *testing.T) {
	w := newWorld(t)
	w.snapshot(map[string]string{"f": "same"}) // the kit's times differ
	w.snapshot(map[string]string{"f": "same"})
	got, err := w.f.Of(t.Context(), "/f/")
	if err != nil || len(got) != 1 || len(got[0].Snapshots) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestOrderIsByTimeWhateverWasGiven(t *testing.T) {
	w := newWorld(t)
	w.snapshot(map[string]string{"f": "old"})
	w.snapshot(map[string]string{"f": "new"})
	slices.Reverse(w.set)
	w.f.Set(w.set)
	got, err := w.f.Of(t.Context(), "f")
	if err != nil || len(got) != 2 || string(got[0].Node.Content.Inline) != "old" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestDamageIsTold(t *testing.T) {
	w := newWorld(t)
	w.snapshot(map[string]string{"d": "", "d/f": "x"})
	n, err := w.f.tree.Lookup(t.Context(), w.set[0].Root, "d")
	if err != nil {
		t.Fatal(err)
	}
	fresh := New(tree.NewReader(w.mem, func([]byte) chunk.ID { return chunk.ID{} }, 0))
	fresh.Set(w.set)
	w.mem.Damage(n.Tree, 3)
	if _, err := fresh.Of(t.Context(), "d/f"); !errors.Is(err, chunk.ErrDamaged) {
		t.Errorf("of: %v", err)
	}
	for _, err := range fresh.List(t.Context(), "d", "") {
		if !errors.Is(err, chunk.ErrDamaged) {
			t.Errorf("list: %v", err)
		}
	}
}

// TestSharedPagesAreReadOnce counts what a list of many versions of a large
// directory reads: the pages of one, and the few that differ of each other.
func TestSharedPagesAreReadOnce(t *testing.T) {
	w := newWorld(t)
	now := map[string]string{}
	for i := range 4000 {
		now[fmt.Sprintf("file %06d", i)] = "x"
	}
	for i := range 20 {
		now[fmt.Sprintf("file %06d", i*100)] = fmt.Sprintf("version %d", i)
		w.snapshot(now)
	}
	before := w.mem.Gets.Load()
	if got := w.list("", ""); len(got) != 4000 {
		t.Fatalf("%d names", len(got))
	}
	chunks, _ := w.mem.Len()
	if gets := w.mem.Gets.Load() - before; gets > int64(chunks) {
		t.Errorf("%d chunks were read, there are %d", gets, chunks)
	}
}
