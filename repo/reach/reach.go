// Package reach tells which stored chunks snapshots need.
//
// Nouns:
//
//   - Packs are all packs that live index files name, sorted by name; a pack is
//     meant by its place in them.
//   - A spot is one stored copy of a chunk: a pack and the chunk's ordinal in
//     it, as one number. All spots of a repository are numbered from 0.
//   - Spots is a set of them: one bit each. Ten million chunks take 1.3 MB.
//
// Promise: memory is a few dozen bytes a pack and a bit a chunk. Where a chunk
// has several copies the same one is always taken for the chunk.
package reach

import (
	"bytes"
	"context"
	"slices"
	"sort"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/tree"
)

// Pack is one pack.
type Pack struct {
	Name   index.Name
	Size   int64 // bytes of the object
	Kind   uint8
	Chunks uint32
	Stored int64 // bytes of the frames of its chunks
	first  uint64
}

// Packs are the packs of a repository. They never change.
type Packs struct {
	ix   *index.Table
	list []Pack
	end  uint64
}

// NewPacks lists the packs that ix holds by index files for which live is true.
func NewPacks(ix *index.Table, live func(index.Name) bool) *Packs {
	p := &Packs{ix: ix}
	for i := range ix.Packs() {
		if !live(i.Index) {
			continue
		}
		p.list = append(p.list, Pack{Name: i.Name, Size: i.Size, Kind: i.Kind, Chunks: uint32(i.Chunks), Stored: i.Stored})
	}
	slices.SortFunc(p.list, func(a, b Pack) int {
		if c := bytes.Compare(a.Name[:], b.Name[:]); c != 0 {
			return c
		}
		return int(b.Chunks) - int(a.Chunks) // where two files list it differently, room for the longer one
	})
	p.list = slices.CompactFunc(p.list, func(a, b Pack) bool { return a.Name == b.Name })
	for i := range p.list {
		p.list[i].first = p.end
		p.end += uint64(p.list[i].Chunks)
	}
	return p
}

// Len returns how many packs there are.
func (p *Packs) Len() int { return len(p.list) }

// At returns pack i.
func (p *Packs) At(i int) *Pack { return &p.list[i] }

// Find returns the place of a pack.
func (p *Packs) Find(name index.Name) (int, bool) {
	return sort.Find(len(p.list), func(i int) int { return bytes.Compare(name[:], p.list[i].Name[:]) })
}

// Spot returns the spot of a chunk of pack i.
func (p *Packs) Spot(i int, ordinal uint32) uint64 { return p.list[i].first + uint64(ordinal) }

// Copy is one stored copy of a chunk.
type Copy struct {
	Pack int
	Spot uint64
	At   index.Location
}

// Copies appends the copies of a chunk to dst, one for each pack; the first is
// the one that is taken for the chunk. buf is room for the look-up.
func (p *Packs) Copies(ref chunk.Ref, dst []Copy, buf *[]index.Location) []Copy {
	*buf = p.ix.All(ref.ID, ref.Kind, (*buf)[:0])
	begin := len(dst)
	for _, l := range *buf {
		i, ok := p.Find(l.Pack)
		if !ok || l.Size != ref.Size || l.Ordinal >= p.list[i].Chunks {
			continue
		}
		if slices.ContainsFunc(dst[begin:], func(c Copy) bool { return c.Pack == i }) {
			continue
		}
		dst = append(dst, Copy{i, p.Spot(i, l.Ordinal), l})
	}
	// The order of the table depends on what a process read first.
	slices.SortFunc(dst[begin:], func(a, b Copy) int { return a.Pack - b.Pack })
	return dst
}

// Spots is a set of spots.
type Spots []uint64

// NewSpots returns an empty set for the packs' spots.
func (p *Packs) NewSpots() Spots { return make(Spots, (p.end+63)/64) }

// Has reports whether the spot is in the set.
func (s Spots) Has(spot uint64) bool { return s[spot/64]>>(spot%64)&1 != 0 }

// Add puts the spot into the set and reports whether it was not there.
func (s Spots) Add(spot uint64) bool {
	bit := uint64(1) << (spot % 64)
	was := s[spot/64]&bit != 0
	s[spot/64] |= bit
	return !was
}

// Needed walks the trees of snapshots and collects what they need.
type Needed struct {
	Packs *Packs
	Used  Spots   // of each needed chunk the copy that is taken for it
	Bytes []int64 // by pack: stored bytes of what is used in it
	Count []uint32
	More  int // needed chunks that have further copies
	bufC  []Copy
	bufL  []index.Location
	last  chunk.Ref
}

// NewNeeded begins with nothing needed.
func NewNeeded(p *Packs) *Needed {
	return &Needed{Packs: p, Used: p.NewSpots(), Bytes: make([]int64, p.Len()), Count: make([]uint32, p.Len())}
}

// Tree adds what the tree below root needs. A chunk that no live index file
// knows is an error that Is chunk.ErrNotFound; it fails as well where a page
// can't be read.
func (n *Needed) Tree(ctx context.Context, rd *tree.Reader, root chunk.Ref) error {
	return rd.Chunks(ctx, root, func(ref chunk.Ref) (bool, error) {
		if ref == n.last {
			return false, nil // slices of one bundle follow each other
		}
		n.last = ref
		n.bufC = n.Packs.Copies(ref, n.bufC[:0], &n.bufL)
		if len(n.bufC) == 0 {
			return false, &chunk.DamageError{What: "chunk " + ref.String(), How: "a snapshot needs it, but no index file names it", Err: chunk.ErrNotFound}
		}
		c := &n.bufC[0]
		if !n.Used.Add(c.Spot) {
			return false, nil
		}
		n.Bytes[c.Pack] += int64(c.At.Stored)
		n.Count[c.Pack]++
		if len(n.bufC) > 1 {
			n.More++
		}
		return ref.Kind != chunk.Data, ctx.Err()
	})
}
