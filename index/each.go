package index

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"slices"

	"ivyvault/chunk"
)

// Count returns how many locations the table holds, those of dropped index
// files not counted. It reads all listings.
func (t *Table) Count() int {
	n := 0
	for p := range t.Packs() {
		n += p.Chunks
	}
	return n
}

// Packs yields every pack that a live index file lists, once for each such
// file. What is added meanwhile may be missing.
func (t *Table) Packs() iter.Seq[PackInfo] {
	return func(yield func(PackInfo) bool) {
		v := t.view()
		if v.base != nil {
			for no := range v.base.listings {
				l, ok := v.base.listing(no)
				if ok && !v.sources[l.file].dead && !yield(l.pack(&v.sources[l.file])) {
					return
				}
			}
		}
		for i := range v.listings {
			if l := &v.listings[i]; !v.sources[l.file].dead && !yield(l.pack(&v.sources[l.file])) {
				return
			}
		}
	}
}

// view returns a copy of the table as it is now, sharing what is never changed.
// It serves iteration, which must not hold the lock.
func (t *Table) view() *Table {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return &Table{
		base:     t.base,
		delta:    delta{blocks: t.delta.blocks[:len(t.delta.blocks):len(t.delta.blocks)], n: t.delta.n},
		listings: slices.Clone(t.listings),
		sources:  slices.Clone(t.sources),
	}
}

// Places is a chunk with all its live locations, at least one.
type Places struct {
	ID        chunk.ID
	Kind      chunk.Kind
	Locations []Location
}

// Chunks yields every chunk in ascending order of id and kind, in memory that
// does not grow with the base. What is added meanwhile is not seen. The value
// yielded is reused: it is valid until the next one. The last thing yielded may
// be an error: ctx's, or damage of the base.
func (t *Table) Chunks(ctx context.Context) iter.Seq2[*Places, error] {
	return func(yield func(*Places, error) bool) {
		v := t.view()
		mem := v.delta.sorted()
		var p Places
		flush := func(id chunk.ID, kind chunk.Kind, row []byte) bool {
			p.ID, p.Kind, p.Locations = id, kind, p.Locations[:0]
			for len(mem) > 0 {
				e := v.delta.at(mem[0])
				if e.id != id || e.kind() != kind {
					break
				}
				mem = mem[1:]
				l := &v.listings[e.listing-v.baseListings()]
				if s := &v.sources[l.file]; !s.dead {
					p.Locations = append(p.Locations, locate(e, l, s))
				}
			}
			if len(row) > 0 {
				p.Locations = v.places(&id, kind, row, p.Locations)
			}
			return len(p.Locations) == 0 || yield(&p, nil)
		}
		for row, err := range v.base.rows(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			for len(mem) > 0 {
				e := v.delta.at(mem[0])
				if order(&e.id, e.kind(), &row.id, row.kind) >= 0 {
					break
				}
				if !flush(e.id, e.kind(), nil) {
					return
				}
			}
			if !flush(row.id, row.kind, row.value) {
				return
			}
		}
		for i := 0; len(mem) > 0; i++ {
			if i%1024 == 0 && ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			e := v.delta.at(mem[0])
			if !flush(e.id, e.kind(), nil) {
				return
			}
		}
		if err := v.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// order compares chunks by id, then kind.
func order(a *chunk.ID, ak chunk.Kind, b *chunk.ID, bk chunk.Kind) int {
	x, y := binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(b[:])
	if x != y {
		return cmp.Compare(x, y)
	}
	if c := bytes.Compare(a[:], b[:]); c != 0 {
		return c
	}
	return cmp.Compare(ak, bk)
}

// sorted returns the numbers of all entries in order.
func (d *delta) sorted() []uint32 {
	nos := make([]uint32, d.n)
	for i := range nos {
		nos[i] = uint32(i)
	}
	slices.SortFunc(nos, func(a, b uint32) int {
		x, y := d.at(a), d.at(b)
		if c := order(&x.id, x.kind(), &y.id, y.kind()); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	return nos
}
