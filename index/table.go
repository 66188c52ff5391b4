package index

import (
	"fmt"
	"sync"

	"ivyvault/chunk"
)

// Table is every location that one process knows. All methods may be called
// concurrently. A Table made by New has no base.
type Table struct {
	mu       sync.RWMutex
	base     *base // nil: no base
	delta    delta
	listings []listing // of the delta; numbers begin after the base's
	sources  []source  // of base and delta
	bySource map[Name]uint32
	pending  map[Signer]uint32 // sources without a name
	dir      string
	why      error // why the base was discarded
}

// New returns an empty table that lives in memory only.
func New() *Table {
	return &Table{
		delta:    newDelta(),
		bySource: make(map[Name]uint32),
		pending:  make(map[Signer]uint32),
	}
}

// Add adds all locations of the index file name, signed by signer. Adding a
// name that the table has already is done without effect; a name that was
// dropped may be added again. The file is not kept. An error means that f
// breaks the bounds of the format; nothing was added then.
func (t *Table) Add(name Name, signer Signer, f File) error {
	n := 0
	for i := range f.Packs {
		if how := f.Packs[i].check(); how != "" {
			return &chunk.DamageError{What: fmt.Sprintf("index file %x", name), How: how}
		}
		n += len(f.Packs[i].Chunks)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.bySource[name]; ok {
		return nil
	}
	src := uint32(len(t.sources))
	t.sources = append(t.sources, source{name: name, signer: signer})
	t.bySource[name] = src
	t.delta.reserve(n)
	for i := range f.Packs {
		t.addPack(src, &f.Packs[i])
	}
	return nil
}

// AddPack adds the locations of a pack that a running write has made and that
// no index file lists yet. They count as signed by signer. Settle gives them
// their index file.
func (t *Table) AddPack(signer Signer, p Pack) error {
	if how := p.check(); how != "" {
		return &chunk.DamageError{What: fmt.Sprintf("list of pack %x", p.Name), How: how}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	src, ok := t.pending[signer]
	if !ok {
		src = uint32(len(t.sources))
		t.sources = append(t.sources, source{signer: signer})
		t.pending[signer] = src
	}
	t.addPack(src, &p)
	return nil
}

// Settle says that the index file name, signed by signer, now lists packs that
// AddPack added. A later Add of that name is done without effect.
func (t *Table) Settle(name Name, signer Signer, packs ...Name) {
	t.mu.Lock()
	defer t.mu.Unlock()
	from, ok := t.pending[signer]
	if _, has := t.bySource[name]; has || !ok {
		return
	}
	set := make(map[Name]bool, len(packs))
	for _, p := range packs {
		set[p] = true
	}
	src := uint32(len(t.sources))
	t.sources = append(t.sources, source{name: name, signer: signer})
	t.bySource[name] = src
	for i := range t.listings {
		if l := &t.listings[i]; l.file == from && set[l.name] {
			l.file = src
		}
	}
}

func (t *Table) addPack(src uint32, p *Pack) {
	no := t.baseListings() + uint32(len(t.listings))
	l := listing{name: p.Name, size: p.Size, kind: p.Kind, file: src, chunks: uint32(len(p.Chunks))}
	for i := range p.Chunks {
		t.delta.add(p.entry(i, no, &l))
	}
	t.listings = append(t.listings, l)
}

// Drop says that the index file name lives no more: its locations are no
// longer returned. A name that the table does not have is ignored.
func (t *Table) Drop(name Name) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if src, ok := t.bySource[name]; ok {
		t.sources[src].dead = true
		delete(t.bySource, name)
	}
}

// Has reports whether the locations of the index file name are in the table.
func (t *Table) Has(name Name) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	_, ok := t.bySource[name]
	return ok
}

// Reconcile makes the table hold no index file but those of live: it drops
// every other, and returns, in the order of live, those that must be added. A
// running write counts the index files that it has written itself as live.
// Packs that AddPack added stay.
func (t *Table) Reconcile(live []Name) (missing []Name) {
	t.mu.Lock()
	defer t.mu.Unlock()
	set := make(map[Name]bool, len(live))
	for _, name := range live {
		set[name] = true
		if _, ok := t.bySource[name]; !ok {
			missing = append(missing, name)
		}
	}
	for name, src := range t.bySource {
		if !set[name] {
			t.sources[src].dead = true
			delete(t.bySource, name)
		}
	}
	return missing
}
