package tree

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"ivyvault/chunk"
)

func TestLeafRoundTrip(t *testing.T) {
	r := seeded(t)
	for range 200 {
		nodes := randomNodes(r, r.IntN(40))
		b, err := EncodeLeaf(nodes)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeNodes(b)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, nodes, func(a, b Node) bool { return a.Equal(&b) }) {
			t.Fatal("nodes differ after decoding")
		}
		if again, err := EncodeLeaf(got); err != nil || !bytes.Equal(again, b) {
			t.Fatal("bytes differ after encoding again", err)
		}
	}
}

func TestDirectoryAgainstModel(t *testing.T) {
	r := seeded(t)
	for _, count := range []int{0, 1, 2, 63, 64, 65, 300, 1000, 1025, 5000, 30000} {
		m := newMemory()
		nodes := randomNodes(r, count)
		dir := writeDir(t, m, nodes)
		if again := writeDir(t, m, nodes); again != dir {
			t.Fatalf("%d entries: two writings differ", count)
		}
		rd := newReader(m)
		ctx := t.Context()
		i := 0
		for n, err := range rd.Entries(ctx, dir) {
			if err != nil {
				t.Fatal(err)
			}
			if !n.Equal(&nodes[i]) {
				t.Fatalf("entry %d differs", i)
			}
			i++
		}
		if n, err := rd.Len(ctx, dir); err != nil || n != uint64(count) || i != count {
			t.Fatalf("length %d, %d entries, %v; want %d", n, i, err, count)
		}
		for range min(count, 200) {
			i := r.IntN(count)
			if n, err := rd.Lookup(ctx, dir, nodes[i].Name); err != nil || !n.Equal(&nodes[i]) {
				t.Fatal(i, err)
			}
			if _, err := rd.Lookup(ctx, dir, nodes[i].Name+"x"); !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			p, first, err := rd.Page(ctx, dir, uint64(i))
			if err != nil || string(p.Name(i-int(first))) != nodes[i].Name {
				t.Fatal(i, first, err)
			}
			for add, name := range []string{nodes[i].Name, nodes[i].Name + "x"} {
				pos, _, err := rd.Seek(ctx, dir, name)
				if err != nil || pos != uint64(i+add) {
					t.Fatal(pos, i, err)
				}
			}
			left := count - i - 1
			for n, err := range rd.After(ctx, dir, nodes[i].Name) {
				if err != nil {
					t.Fatal(err)
				}
				if want := nodes[count-left].Name; n.Name != want {
					t.Fatalf("after %s: %s, want %s", nodes[i].Name, n.Name, want)
				}
				if left--; left < count-i-50 {
					break
				}
			}
		}
		for _, name := range []string{"", "a", "z", "n"} {
			if _, err := rd.Lookup(ctx, dir, name); !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
		if p, first, err := rd.Page(ctx, dir, uint64(count)); p != nil || first != uint64(count) || err != nil {
			t.Fatal("a page beyond the end", first, err)
		}
	}
}

func TestDirWriterRefuses(t *testing.T) {
	good := Node{Name: "b", Type: Fifo}
	for name, bad := range map[string]Node{
		"order": {Name: "a", Type: Fifo}, "same": good, "slash": {Name: "c/d", Type: Fifo}, "dots": {Name: "..", Type: Fifo},
		"empty": {Type: Fifo}, "type": {Name: "c"}, "mode": {Name: "c", Type: Fifo, Mode: 010000},
		"xattrs": {Name: "c", Type: Fifo, Xattrs: []Xattr{{"user.a", make([]byte, 17<<20)}}},
		"tree":   {Name: "c", Type: Dir}, "size": {Name: "c", Type: File, Size: 1}, "target": {Name: "c", Type: Symlink},
		"kind": {Name: "c", Type: File, Size: 5, Content: Content{Form: Chunked, Ref: chunk.Ref{Kind: chunk.Page, Size: 5}}},
	} {
		w := NewDirWriter(newMemory(), testCut)
		if err := w.Add(t.Context(), &good); err != nil {
			t.Fatal(err)
		}
		var ne *NodeError
		if err := w.Add(t.Context(), &bad); !errors.As(err, &ne) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.Close(t.Context()); !errors.As(err, &ne) {
			t.Errorf("%s: the directory was closed with %v", name, err)
		}
		if _, err := w.Close(t.Context()); err != nil {
			t.Errorf("%s: not usable after Close: %v", name, err)
		}
	}
}

// depth is how many pages a look-up reads.
func depth(t testing.TB, m *memory, dir chunk.Ref) int {
	p, err := ParsePage(m.m[dir])
	if err != nil {
		t.Fatal(err)
	}
	return p.Level() + 1
}

func TestOneChangeRewritesOnePageALevel(t *testing.T) {
	r := seeded(t)
	m := newMemory()
	nodes := tinyFiles(100000)
	dir := writeDir(t, m, nodes)
	deep := depth(t, m, dir)
	t.Logf("%d pages, depth %d", len(m.m), deep)
	worst := 0
	places := 50
	if raceEnabled {
		places = 5
	}
	for range places {
		i := r.IntN(len(nodes))
		changed := slices.Clone(nodes)
		switch r.IntN(3) {
		case 0:
			changed[i].MTime.Sec++
		case 1:
			changed = slices.Delete(changed, i, i+1)
		case 2:
			n := changed[i]
			n.Name += "-copy"
			changed = slices.Insert(changed, i+1, n)
		}
		before := len(m.m)
		other := writeDir(t, m, changed)
		worst = max(worst, len(m.m)-before)

		m.gets = 0
		found := 0
		err := newReader(m).Diff(t.Context(), dir, other, func(string, *Node, *Node) error { found++; return nil })
		if err != nil || found != 1 {
			t.Fatalf("%d differences, %v", found, err)
		}
		if m.gets > 2*deep+4 {
			t.Fatalf("comparing read %d pages of a directory %d deep", m.gets, deep)
		}
	}
	if worst > deep+2 {
		t.Fatalf("one change wrote %d pages of a directory %d deep", worst, deep)
	}
	rd := NewReader(m, contentHash, 0)
	m.gets = 0
	if _, err := rd.Lookup(t.Context(), dir, nodes[77777].Name); err != nil || m.gets != deep {
		t.Fatalf("a look-up read %d pages of a directory %d deep: %v", m.gets, deep, err)
	}
}

func TestSipHash(t *testing.T) { // the example of the paper that describes it
	in := "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e"
	if got := sipHash(0x0706050403020100, 0x0f0e0d0c0b0a0908, in); got != 0xa129ca6149be45e5 {
		t.Fatalf("%x", got)
	}
}

func TestFollower(t *testing.T) {
	r := seeded(t)
	m := newMemory()
	nodes := randomNodes(r, 20000)
	dir := writeDir(t, m, nodes)
	for _, step := range []int{1, 3, 5000} {
		m.gets = 0
		f := NewReader(m, contentHash, 0).Follow(dir)
		var n Node
		for i := r.IntN(step); i < len(nodes); i += 1 + r.IntN(step) {
			for _, name := range []string{nodes[i].Name, nodes[i].Name + "x"} {
				ok, err := f.Find(t.Context(), name, &n)
				if err != nil || ok != (name == nodes[i].Name) || ok && !n.Equal(&nodes[i]) {
					t.Fatal(name, ok, err)
				}
			}
		}
		if m.gets > len(m.m) {
			t.Fatalf("step %d: %d reads of %d pages", step, m.gets, len(m.m))
		}
	}
	f := newReader(m).Follow(dir)
	var n Node
	for _, i := range []int{15000, 15000, 3} { // going back is slow, not wrong
		if ok, err := f.Find(t.Context(), nodes[i].Name, &n); !ok || err != nil || !n.Equal(&nodes[i]) {
			t.Fatal(i, ok, err)
		}
	}
	if ok, err := newReader(m).Follow(chunk.Ref{}).Find(t.Context(), "a", &n); ok || err != nil {
		t.Fatal("something was found in no directory", err)
	}
}

func TestOnePageLost(t *testing.T) {
	m := newMemory()
	nodes := tinyFiles(3000)
	dir := writeDir(t, m, nodes)
	p, _, err := newReader(m).Page(t.Context(), dir, 1500)
	if err != nil {
		t.Fatal(err)
	}
	for ref, b := range m.m {
		if bytes.Equal(b, p.b) {
			delete(m.m, ref)
		}
	}
	seen, lost := 0, 0
	err = newReader(m).WalkPast(t.Context(), dir, func(string, *Node) error { seen++; return nil },
		func(_ string, err error) error {
			if lost++; !errors.Is(err, chunk.ErrNotFound) {
				t.Error(err)
			}
			return nil
		})
	if err != nil || lost != 1 || seen != 3000-p.Len() {
		t.Fatal(seen, lost, err)
	}
	if err := newReader(m).Walk(t.Context(), dir, func(string, *Node) error { return nil }); !errors.Is(err, chunk.ErrNotFound) {
		t.Fatal(err)
	}
}

func TestPageAllocatesNothing(t *testing.T) {
	b, err := EncodeLeaf(tinyFiles(300))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePage(b)
	if err != nil {
		t.Fatal(err)
	}
	var n Node
	name := []byte("document-00000123.json")
	got := testing.AllocsPerRun(100, func() {
		i, ok := p.Find(name)
		j, _ := p.FindString("document-00000123.json")
		p.Decode(i, &n)
		if !ok || i != j || n.Name != string(p.Name(i)) || p.Ref(0) != n.Content.Ref {
			t.Error("the wrong entry")
		}
	})
	if got > 0 {
		t.Fatalf("%v allocations for a look-up in a page", got)
	}
	if p.Bytes() > cap(b)+4*350+200 {
		t.Fatalf("a page of %d bytes takes %d", len(b), p.Bytes())
	}
}
