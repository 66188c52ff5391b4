package tree

import (
	"encoding/binary"
	"sort"

	"ivyvault/chunk"
)

// An Item is one piece of a long file: a data chunk, or a hole of Size zero
// bytes where Ref is the zero value.
type Item struct {
	Ref  chunk.Ref
	Size uint64
}

// ListPage is a decoded page of a content list: its plaintext with the place
// of each item in it and in the file (12 bytes an item). It is immutable and
// may be used concurrently.
type ListPage struct {
	b     []byte
	level int
	offs  []uint32
	sums  []uint64 // bytes of the file before item i, and at the end their sum
}

// ParseListPage checks the plaintext of a list page, which it keeps and which
// must not change afterwards. An error Is chunk.ErrDamaged.
func ParseListPage(b []byte) (*ListPage, error) {
	s := scan{b: b}
	if len(b) > chunk.MaxSize {
		s.fail("it is too long")
	}
	p := &ListPage{b: b, level: int(s.u8())}
	if p.level > MaxLevel {
		s.fail("its level is impossible")
	}
	if s.u8() != 0 {
		s.fail("its second byte is not zero")
	}
	n := s.count(1)
	if s.how == "" && n == 0 {
		s.fail("a list without items")
	}
	p.scan(&s, n)
	if err := s.end("list page"); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *ListPage) scan(s *scan, n int) {
	// No allocation beyond a few times what is there: a run of items has at
	// most every second one a hole, so an item takes 17 bytes or more.
	if p.level > 0 && n > s.left()/34 || n > 1+s.left()/17 {
		s.fail("a count exceeds what follows")
	}
	if s.how != "" {
		return
	}
	p.offs = make([]uint32, n)
	p.sums = make([]uint64, n+1)
	hole := false
	for i := range n {
		p.offs[i] = uint32(s.pos)
		v := s.uv()
		size := v
		switch {
		case p.level > 0:
			s.size()
			s.take(32)
		case v&1 == 1:
			size = v >> 1
			if hole {
				s.fail("two holes in a row")
			}
			hole = true
		default:
			size = v >> 1
			if size > chunk.MaxSize {
				s.fail("the length of a chunk is out of bounds")
			}
			s.take(32)
			hole = false
		}
		p.sums[i+1] = p.sums[i] + size
		if size == 0 || size > 1<<63-1 || p.sums[i+1] > 1<<63-1 {
			s.fail("a length out of bounds")
		}
		if s.how != "" {
			return
		}
	}
}

// Level returns 0 for a page of items, else one more than that of the pages below.
func (p *ListPage) Level() int { return p.level }

// Len returns how many items or pages below the page lists.
func (p *ListPage) Len() int { return len(p.offs) }

// Size returns how many bytes of the file the page stands for.
func (p *ListPage) Size() uint64 { return p.sums[len(p.offs)] }

// Bytes returns about how much memory the page takes, its plaintext included.
func (p *ListPage) Bytes() int { return cap(p.b) + 4*cap(p.offs) + 8*cap(p.sums) + 128 }

// Item returns item i: on level 0 a data chunk or a hole, above it the list
// page below with how many bytes of the file it stands for.
func (p *ListPage) Item(i int) Item {
	s := scan{b: p.b, pos: int(p.offs[i])}
	v := s.uv()
	it := Item{Size: p.sums[i+1] - p.sums[i]}
	switch {
	case p.level > 0:
		it.Ref = chunk.Ref{Kind: chunk.List, Size: uint32(s.uv())}
	case v&1 == 1:
		return it
	default:
		it.Ref = chunk.Ref{Kind: chunk.Data, Size: uint32(v >> 1)}
	}
	copy(it.Ref.ID[:], s.take(32))
	return it
}

// Before returns how many bytes of the page's part of the file stand before item i.
func (p *ListPage) Before(i int) uint64 { return p.sums[i] }

// Find returns the item that holds byte off of the page's part of the file;
// off is less than Size.
func (p *ListPage) Find(off uint64) int {
	return sort.Search(len(p.offs), func(i int) bool { return p.sums[i+1] > off })
}

func appendItem(b []byte, level int, it *Item) []byte {
	switch {
	case level > 0:
		b = binary.AppendUvarint(b, it.Size)
		b = binary.AppendUvarint(b, uint64(it.Ref.Size))
	case it.Ref.IsZero():
		return binary.AppendUvarint(b, it.Size<<1|1)
	default:
		b = binary.AppendUvarint(b, it.Size<<1)
	}
	return append(b, it.Ref.ID[:]...)
}
