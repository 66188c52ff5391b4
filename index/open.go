package index

import (
	"errors"
	"slices"

	"ivyvault/index/generation"
)

// Open opens the newest generation in dir and returns a Table with it as base
// and an empty delta. It never waits for another process and never fails: where
// there is no generation, or it cannot be used, the base is empty, and where it
// was there but unusable, Discarded tells why. The caller then reconciles the
// Table with the index files that live (see Reconcile), adds what is missing,
// and folds where ShouldFold says so.
//
// The Table must be closed: until then the generation stays on disk.
func Open(dir string) *Table {
	t := New()
	t.dir = dir
	b, err := openBase(dir)
	if err != nil {
		if !errors.Is(err, generation.ErrNone) {
			t.why = err
		}
		return t
	}
	t.base = b
	t.sources = slices.Clone(b.sources)
	for i := range t.sources {
		t.bySource[t.sources[i].name] = uint32(i)
	}
	return t
}

// Discarded returns why the generation that Open found was not used, nil where
// it was, or where there was none.
func (t *Table) Discarded() error { return t.why }

// Err returns the first damage that was met while the base was read, nil where
// there was none. A Table with damage still tells no falsehoods about what it
// finds, but it may miss chunks: Discard it, open it again and add what is
// missing.
func (t *Table) Err() error {
	if t.base != nil {
		if err := t.base.damage.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// Discard gives up the generation on disk, so that the next Open begins with an
// empty base. The Table itself goes on and must still be closed.
func (t *Table) Discard() error {
	if t.base == nil {
		return nil
	}
	return t.base.gen.Disown()
}

// Close ends the use of the base. No other method may run or be called then.
func (t *Table) Close() error {
	if t.base == nil {
		return nil
	}
	b := t.base
	t.base = nil
	return b.close()
}

// Covered returns the names of the index files that the base holds.
func (t *Table) Covered() []Name {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.base == nil {
		return nil
	}
	names := make([]Name, len(t.base.sources))
	for i := range names {
		names[i] = t.base.sources[i].name
	}
	return names
}

// foldAt is the number of locations in memory below which a fold is never worth
// it.
const foldAt = 64 << 10

// ShouldFold reports whether so much is in memory that it should go to disk:
// more than a tenth of the base. more is how many locations are about to be
// added: asked beforehand, they need not come into memory at all.
func (t *Table) ShouldFold(more int) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	limit := uint64(foldAt)
	if t.base != nil {
		limit = max(limit, t.base.note.places/10)
	}
	return uint64(t.delta.n+more) > limit
}

// Superseded reports whether a newer generation than the Table's base is there.
// A process that runs for long opens a new Table then, which needs less memory,
// and closes this one when the last look-up in it has ended.
func (t *Table) Superseded() bool {
	if t.dir == "" {
		return false
	}
	n := generation.Newest(t.dir)
	return n != 0 && (t.base == nil || n != t.base.gen.Number)
}
