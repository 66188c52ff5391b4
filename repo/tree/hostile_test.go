package tree

import (
	"bytes"
	"errors"
	"testing"

	"ivyvault/chunk"
)

// TestHostileTables puts pages that no writer makes below each other: every
// way down must end with damage, not with wrong names or without end.
func TestHostileTables(t *testing.T) {
	ctx := t.Context()
	leafPage := func(names ...string) []byte {
		var nodes []Node
		for _, n := range names {
			nodes = append(nodes, Node{Name: n, Type: Fifo})
		}
		b, err := EncodeLeaf(nodes)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tablePage := func(level int, rows ...row) []byte {
		var body []byte
		for i := range rows {
			body = appendRow(body, &rows[i])
		}
		return appendTable(nil, level, len(rows), body)
	}
	self := chunk.Ref{Kind: chunk.Page, ID: chunk.ID{1}, Size: 100}
	m := newMemory()
	put := func(b []byte) chunk.Ref { r, _ := m.Put(ctx, chunk.Page, b); return r }
	ab := put(leafPage("a", "b"))
	for name, b := range map[string][]byte{
		"cycle":       tablePage(1, row{"a", 2, self}),
		"high cycle":  tablePage(8, row{"a", 2, self}),
		"level":       tablePage(2, row{"a", 2, ab}),
		"count":       tablePage(1, row{"a", 3, ab}),
		"first":       tablePage(1, row{"A", 2, ab}),
		"overlap":     tablePage(1, row{"a", 2, ab}, row{"b", 1, put(leafPage("b"))}),
		"empty below": tablePage(1, row{"a", 1, put(leafPage())}),
		"kind":        tablePage(9, row{"a", 2, ab}),
		"list":        {0, 0, 1, 3},
		"nothing":     {},
	} {
		m.m[self] = b
		rd := newReader(m)
		_, lookup := rd.Lookup(ctx, self, "a")
		_, _, page := rd.Page(ctx, self, 0)
		_, _, seek := rd.Seek(ctx, self, "a")
		walk := rd.Walk(ctx, self, func(string, *Node) error { return nil })
		diff := rd.Diff(ctx, self, ab, func(string, *Node, *Node) error { return nil })
		chunks := rd.Chunks(ctx, self, func(chunk.Ref) (bool, error) { return true, nil })
		for i, err := range []error{lookup, page, seek, walk, diff, chunks} {
			if !errors.Is(err, chunk.ErrDamaged) {
				t.Errorf("%s: way %d ends with %v", name, i, err)
			}
		}
	}
	if _, err := newReader(m).Lookup(ctx, chunk.Ref{Kind: chunk.Page, Size: 9}, "a"); !errors.Is(err, chunk.ErrNotFound) {
		t.Fatal(err)
	}
}

func TestHostileLists(t *testing.T) {
	ctx := t.Context()
	self := chunk.Ref{Kind: chunk.List, ID: chunk.ID{1}, Size: 100}
	hole := appendTable(nil, 0, 1, appendItem(nil, 0, &Item{Size: 10}))
	m := newMemory()
	ten, _ := m.Put(ctx, chunk.List, hole)
	above := func(level int, it Item) []byte { return appendTable(nil, level, 1, appendItem(nil, level, &it)) }
	for name, b := range map[string][]byte{
		"cycle":  above(1, Item{Ref: self, Size: 10}),
		"level":  above(2, Item{Ref: ten, Size: 10}),
		"sum":    above(1, Item{Ref: ten, Size: 11}),
		"size":   appendTable(nil, 0, 1, appendItem(nil, 0, &Item{Size: 9})),
		"holes":  {0, 0, 2, 3, 3},
		"zero":   {0, 0, 1, 1},
		"height": above(9, Item{Ref: ten, Size: 10}),
		"empty":  {0, 0, 0},
		"cut":    {0, 0, 1, 2, 1},
		"tail":   append(bytes.Clone(hole), 0),
	} {
		m.m[self] = b
		size := uint64(10)
		if name == "sum" {
			size = 11
		}
		f, err := newReader(m).Open(&Node{Type: File, Size: size, Content: Content{Form: Listed, Ref: self}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadAt(ctx, make([]byte, 5), 1); !errors.Is(err, chunk.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNotCanonical changes good pages into other spellings of the same thing.
func TestNotCanonical(t *testing.T) {
	n := []byte{1, 'a', byte(Fifo), flagSameCTime, 0, 0, 0, 0, 0, 0}
	page := func(head []byte, entries ...[]byte) []byte { return append(head, bytes.Join(entries, nil)...) }
	with := func(at int, put ...byte) []byte {
		return append(append(bytes.Clone(n[:at]), put...), n[at+1:]...)
	}
	if _, err := DecodeNodes(page([]byte{0, 0, 1, 0, 0, 0}, n)); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"base time":    page([]byte{0, 0, 1, 2, 0, 0}, with(7, 1)),
		"base inode":   page([]byte{0, 0, 1, 0, 5, 0}, with(9, 9)),
		"long number":  page([]byte{0, 0, 0x81, 0, 0, 0, 0}, n),
		"order":        page([]byte{0, 0, 2, 0, 0, 0}, n, n),
		"second byte":  page([]byte{0, 1, 1, 0, 0, 0}, n),
		"count":        page([]byte{0, 0, 2, 0, 0, 0}, n),
		"huge count":   page([]byte{0, 0, 0xff, 0xff, 0xff, 0xff, 15, 0, 0, 0}, n),
		"tail":         page([]byte{0, 0, 1, 0, 0, 0}, n, []byte{0}),
		"type":         page([]byte{0, 0, 1, 0, 0, 0}, with(2, 8)),
		"flags":        page([]byte{0, 0, 1, 0, 0, 0}, with(3, 0x21)),
		"ctime":        page([]byte{0, 0, 1, 0, 0, 0}, with(3, 0), []byte{0, 0}),
		"links":        page([]byte{0, 0, 1, 0, 0, 0}, with(3, 3), []byte{1, 0}),
		"xattrs":       page([]byte{0, 0, 1, 0, 0, 0}, with(3, 5), []byte{0}),
		"stamp":        page([]byte{0, 0, 1, 0, 0, 0}, with(3, 9), []byte{0}),
		"device":       page([]byte{0, 0, 1, 0, 0, 0}, with(3, 17), []byte{1}),
		"mode":         page([]byte{0, 0, 1, 0, 0, 0}, with(4, 0x80, 0x20)),
		"nanoseconds":  page([]byte{0, 0, 1, 0, 0, 0}, with(8, 0x80, 0x94, 0xeb, 0xdc, 3)),
		"unused ref":   page(append([]byte{0, 0, 1, 0, 0, 1, 1, 1}, make([]byte, 32)...), n),
		"empty, base":  {0, 0, 0, 2, 0, 0},
		"name":         page([]byte{0, 0, 1, 0, 0, 0}, with(1, '/')),
		"missing ref":  page([]byte{0, 0, 1, 0, 0, 0}, with(2, byte(Dir)), []byte{0, 0, 0}),
		"second first": append(append([]byte{0, 0, 2, 0, 0, 2}, bytes.Repeat(append([]byte{2, 1}, make([]byte, 32)...), 2)...), bytes.Join([][]byte{with(2, byte(Dir)), {0, 0, 0}, {1, 'b'}, with(2, byte(Dir))[2:], {1, 0, 0}}, nil)...),
	} {
		if nodes, err := DecodeNodes(b); !errors.Is(err, chunk.ErrDamaged) {
			t.Errorf("%s: %v, %v", name, nodes, err)
		}
	}
}

func FuzzLeaf(f *testing.F) {
	r := seeded(f)
	for _, n := range []int{0, 1, 3, 20} {
		b, err := EncodeLeaf(randomNodes(r, n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePage(b)
		if err != nil {
			return
		}
		if p.Bytes() > 10*cap(b)+1000 {
			t.Fatalf("%d bytes of memory for %d", p.Bytes(), len(b))
		}
		if p.Level() > 0 {
			var body []byte
			for i := range p.Len() {
				ref, count := p.Child(i)
				body = appendRow(body, &row{string(p.Name(i)), count, ref})
			}
			if again := appendTable(nil, p.Level(), p.Len(), body); !bytes.Equal(again, b) {
				t.Fatal("a table differs after encoding it again")
			}
			return
		}
		for i := range p.Len() {
			if at, ok := p.Find(p.Name(i)); !ok || at != i {
				t.Fatal("a name is not found")
			}
		}
		nodes, err := DecodeNodes(b)
		if err != nil {
			return
		}
		again, err := EncodeLeaf(nodes)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatal("a leaf differs after encoding it again", err)
		}
	})
}

func FuzzList(f *testing.F) {
	m := newMemory()
	r := seeded(f)
	for _, n := range []int{1, 2, 30, 2000} {
		randomFile(f, m, r, n)
	}
	for ref, b := range m.m {
		if ref.Kind == chunk.List {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseListPage(b)
		if err != nil {
			return
		}
		if p.Bytes() > 10*cap(b)+1000 {
			t.Fatalf("%d bytes of memory for %d", p.Bytes(), len(b))
		}
		var body []byte
		for i := range p.Len() {
			it := p.Item(i)
			body = appendItem(body, p.Level(), &it)
		}
		if again := appendTable(nil, p.Level(), p.Len(), body); !bytes.Equal(again, b) {
			t.Fatal("a list differs after encoding it again")
		}
	})
}
