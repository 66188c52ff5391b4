package index

import (
	"math/rand/v2"
	"slices"
	"testing"

	"ivyvault/chunk"
)

// model is the simplest thing that answers like a Table.
type model struct {
	files map[Name]modelFile
}

type modelFile struct {
	signer Signer
	file   File
}

type modelKey struct {
	id   chunk.ID
	kind chunk.Kind
}

func (m *model) locations() map[modelKey][]Location {
	all := make(map[modelKey][]Location)
	for _, mf := range m.files {
		for _, p := range mf.file.Packs {
			off := int64(FramesBegin)
			for i, c := range p.Chunks {
				k := modelKey{c.ID, c.Kind}
				all[k] = append(all[k], Location{Pack: p.Name, PackSize: p.Size, PackKind: p.Kind, Kind: c.Kind,
					Ordinal: uint32(i), Offset: off, Stored: c.Stored, Size: c.Size, Signer: mf.signer})
				off += int64(c.Stored)
			}
		}
	}
	return all
}

func sortLocations(l []Location) []Location {
	l = slices.Clone(l)
	slices.SortFunc(l, func(a, b Location) int {
		if c := slices.Compare(a.Pack[:], b.Pack[:]); c != 0 {
			return c
		}
		if c := slices.Compare(a.Signer[:], b.Signer[:]); c != 0 {
			return c
		}
		return int(a.Ordinal) - int(b.Ordinal)
	})
	return l
}

// sameAs fails unless the table answers as the model does.
func (m *model) sameAs(t *testing.T, tab *Table, gone []modelKey) {
	t.Helper()
	all := m.locations()
	for k, want := range all {
		got := tab.All(k.id, k.kind, nil)
		if !slices.Equal(sortLocations(got), sortLocations(want)) {
			t.Fatalf("locations of %v %v:\n got %v\nwant %v", k.kind, k.id, got, want)
		}
		for _, w := range want {
			l, ok := tab.Find(k.id, k.kind, func(s Signer) bool { return s == w.Signer })
			if !ok || l.Signer != w.Signer || !slices.Contains(want, l) {
				t.Fatalf("find of %v: %v %v", k.id, l, ok)
			}
		}
		if _, ok := tab.Find(k.id, k.kind, nil); !ok {
			t.Fatalf("%v %v not found", k.kind, k.id)
		}
		if _, ok := tab.Find(k.id, k.kind, func(Signer) bool { return false }); ok {
			t.Fatalf("%v found though no signer is accepted", k.id)
		}
	}
	for _, k := range gone {
		if _, ok := all[k]; ok {
			continue
		}
		if l := tab.All(k.id, k.kind, nil); len(l) != 0 {
			t.Fatalf("locations %v of a chunk that is in no live file", l)
		}
		if _, ok := tab.Find(k.id, k.kind, nil); ok {
			t.Fatal("found a chunk that is in no live file")
		}
	}
}

// repeatSome gives some chunks of f ids that the model has already.
func (m *model) repeatSome(r *rand.Rand, f File) {
	var known []modelKey
	for k := range m.locations() {
		known = append(known, k)
		if len(known) == 50 {
			break
		}
	}
	if len(known) == 0 {
		return
	}
	for _, p := range f.Packs {
		for i := range p.Chunks {
			if r.IntN(4) == 0 {
				k := known[r.IntN(len(known))]
				p.Chunks[i].ID = k.id
				if r.IntN(4) > 0 {
					p.Chunks[i].Kind = k.kind
				}
			}
		}
	}
}

func TestTableAgainstModel(t *testing.T) {
	r := seeded(t, rand.Uint64())
	m := &model{files: make(map[Name]modelFile)}
	tab := New()
	signers := []Signer{{1}, {2}, {3}}
	var gone []modelKey
	for step := range 60 {
		switch {
		case step%5 == 4 && len(m.files) > 0:
			for name, mf := range m.files {
				for _, p := range mf.file.Packs {
					for _, c := range p.Chunks {
						gone = append(gone, modelKey{c.ID, c.Kind})
					}
				}
				delete(m.files, name)
				tab.Drop(name)
				break
			}
		default:
			f := randomFile(r, 1+r.IntN(5), 60)
			m.repeatSome(r, f)
			name, s := randomName(r), signers[r.IntN(3)]
			for range 1 + r.IntN(2) { // a second time without effect
				if err := tab.Add(name, s, f); err != nil {
					t.Fatal(err)
				}
			}
			m.files[name] = modelFile{s, f}
		}
		if step%10 == 9 {
			m.sameAs(t, tab, append(gone, modelKey{randomName(r), chunk.Data}))
		}
	}
}

func TestSettle(t *testing.T) {
	r := seeded(t, rand.Uint64())
	f := randomFile(r, 2, 20)
	tab, me, name := New(), Signer{7}, randomName(r)
	for _, p := range f.Packs {
		if err := tab.AddPack(me, p); err != nil {
			t.Fatal(err)
		}
	}
	m := &model{files: map[Name]modelFile{name: {me, f}}}
	m.sameAs(t, tab, nil)
	if tab.Has(name) {
		t.Fatal("an index file is known before it was written")
	}
	tab.Settle(name, me, f.Packs[0].Name, f.Packs[1].Name)
	if err := tab.Add(name, me, f); err != nil {
		t.Fatal(err)
	}
	m.sameAs(t, tab, nil)
	if !tab.Has(name) {
		t.Fatal("the settled index file is not known")
	}
	tab.Drop(name)
	var gone []modelKey
	for k := range m.locations() {
		gone = append(gone, k)
	}
	(&model{}).sameAs(t, tab, gone)
}

func TestReconcile(t *testing.T) {
	r := seeded(t, rand.Uint64())
	tab := New()
	a, b, c := randomName(r), randomName(r), randomName(r)
	for _, n := range []Name{a, b} {
		if err := tab.Add(n, Signer{}, randomFile(r, 1, 3)); err != nil {
			t.Fatal(err)
		}
	}
	if missing := tab.Reconcile([]Name{c, b}); !slices.Equal(missing, []Name{c}) {
		t.Fatalf("missing %x, want %x", missing, c)
	}
	if tab.Has(a) || !tab.Has(b) || tab.Has(c) {
		t.Fatal("reconciled to the wrong files")
	}
}

func BenchmarkFindDelta(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	tab := New()
	f := randomFile(r, 500, 2000)
	if err := tab.Add(Name{1}, Signer{}, f); err != nil {
		b.Fatal(err)
	}
	var ids []Chunk
	for _, p := range f.Packs {
		ids = append(ids, p.Chunks...)
	}
	accept := func(s Signer) bool { return s == Signer{} }
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c := &ids[i*7919%len(ids)]
		if _, ok := tab.Find(c.ID, c.Kind, accept); !ok {
			b.Fatal("not found")
		}
	}
}
