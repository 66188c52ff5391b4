package index

import (
	"hash/maphash"

	"ivyvault/chunk"
)

// entry is one location in memory, 52 bytes. The listing holds what all chunks
// of a pack share.
type entry struct {
	id      chunk.ID
	listing uint32
	offset  uint32
	stored  uint32
	size    uint32
	place   uint32 // kind in the upper 8 bits, ordinal in the lower 24
}

func (e *entry) kind() chunk.Kind { return chunk.Kind(e.place >> 24) }

// block is how many entries are allocated at once: growing never copies them.
const (
	blockBits = 12
	block     = 1 << blockBits
)

// delta is an append-only multimap from (id, kind) to entries: blocks of
// entries, and an open-addressed array of their numbers. It is not safe for
// concurrent changes; the Table guards it.
//
// The hash is seeded per process, not taken from the id's own bytes: ids in an
// index file of a hostile writer need be no real hashes.
type delta struct {
	seed   maphash.Seed
	blocks [][]entry
	n      int
	slots  []uint32 // number of an entry plus one, 0 is free
}

func newDelta() delta { return delta{seed: maphash.MakeSeed()} }

func (d *delta) at(i uint32) *entry { return &d.blocks[i>>blockBits][i&(block-1)] }

func (d *delta) hash(id *chunk.ID) uint64 { return maphash.Bytes(d.seed, id[:]) }

// reserve makes room for n further entries without rehashing in between.
func (d *delta) reserve(n int) {
	want := d.n + n
	if want*4 <= len(d.slots)*3 {
		return
	}
	size := max(len(d.slots), 1024)
	for want*4 > size*3 {
		size *= 2
	}
	d.slots = make([]uint32, size)
	for i := range d.n {
		d.place(uint32(i))
	}
}

func (d *delta) place(i uint32) {
	mask := uint64(len(d.slots) - 1)
	for h := d.hash(&d.at(i).id) & mask; ; h = (h + 1) & mask {
		if d.slots[h] == 0 {
			d.slots[h] = i + 1
			return
		}
	}
}

// add appends e. Equal ids keep the order in which they were added.
func (d *delta) add(e entry) {
	d.reserve(1)
	if d.n>>blockBits == len(d.blocks) {
		d.blocks = append(d.blocks, make([]entry, block))
	}
	i := uint32(d.n)
	*d.at(i) = e
	d.n++
	d.place(i)
}

// probe is a walk over the entries of one chunk.
type probe struct {
	h    uint64
	id   *chunk.ID
	kind chunk.Kind
}

func (d *delta) probe(id *chunk.ID, kind chunk.Kind) probe {
	return probe{h: d.hash(id), id: id, kind: kind}
}

// next returns the next entry of the chunk, nil when there is none.
func (d *delta) next(p *probe) *entry {
	if len(d.slots) == 0 {
		return nil
	}
	mask := uint64(len(d.slots) - 1)
	for {
		s := d.slots[p.h&mask]
		if s == 0 {
			return nil
		}
		p.h++
		if e := d.at(s - 1); e.id == *p.id && e.kind() == p.kind {
			return e
		}
	}
}
