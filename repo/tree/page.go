package tree

import (
	"bytes"
	"sort"

	"ivyvault/chunk"
)

// Page is a decoded page of a directory: its plaintext, checked once, with a
// table of where each entry begins (4 bytes an entry). It is immutable and may
// be used concurrently.
type Page struct {
	b     []byte
	level int
	refs  int      // leaf: number of references, whose places are offs[:refs]
	offs  []uint32 // then the places of the entries
	sums  []uint64 // table: entries before row i, and at the end their sum
	base  int64
	inode uint64
}

// leastEntry is the least number of bytes of an entry in a leaf.
const leastEntry = 10

// ParsePage checks the plaintext of a page. The Page keeps b, which must not
// change afterwards. An error Is chunk.ErrDamaged. A page that was parsed has
// no faults but one: references that stand twice are found by DecodeNodes only.
func ParsePage(b []byte) (*Page, error) {
	s := scan{b: b}
	if len(b) > chunk.MaxSize {
		s.fail("it is too long")
	}
	p := &Page{b: b, level: int(s.u8())}
	if p.level > MaxLevel {
		s.fail("its level is impossible")
	}
	if s.u8() != 0 {
		s.fail("its second byte is not zero")
	}
	if p.level == 0 {
		p.scanLeaf(&s)
	} else {
		p.scanTable(&s)
	}
	if err := s.end("directory page"); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Page) scanTable(s *scan) {
	n := s.count(2 + 1 + 1 + 32)
	if n == 0 {
		s.fail("a table without rows")
		return
	}
	p.offs = make([]uint32, n)
	p.sums = make([]uint64, n+1)
	var last []byte
	for i := range n {
		p.offs[i] = uint32(s.pos)
		name := s.bytes()
		if f := nameFault(name); f != "" {
			s.fail(f)
		}
		if i > 0 && bytes.Compare(last, name) >= 0 {
			s.fail("names out of order")
		}
		last = name
		count := s.uv()
		if count == 0 || p.sums[i]+count < count {
			s.fail("a number of entries out of bounds")
		}
		p.sums[i+1] = p.sums[i] + count
		s.size()
		s.take(32)
		if s.how != "" {
			return
		}
	}
}

func (p *Page) scanLeaf(s *scan) {
	n := s.count(1)
	p.base, p.inode = s.sv(), s.uv()
	p.refs = s.count(1 + 1 + 32)
	if s.how == "" && n == 0 && (p.base != 0 || p.inode != 0 || p.refs != 0) {
		s.fail("an empty page with more than its head")
	}
	if n > s.left()/leastEntry {
		s.fail("a count exceeds what follows")
	}
	if s.how != "" {
		return
	}
	p.offs = make([]uint32, p.refs+n)
	for i := range p.refs {
		p.offs[i] = uint32(s.pos)
		if !chunk.Kind(s.u8()).Valid() {
			s.fail("a reference of an unknown kind")
		}
		s.size()
		s.take(32)
		if s.how != "" {
			return
		}
	}
	used := 0
	var last []byte
	for i := range n {
		p.offs[p.refs+i] = uint32(s.pos)
		name := p.scanEntry(s, i == 0, &used)
		if i > 0 && bytes.Compare(last, name) >= 0 {
			s.fail("names out of order")
		}
		last = name
		if s.how != "" {
			return
		}
	}
	if used != p.refs {
		s.fail("a reference without use")
	}
}

// Level returns 0 for a leaf, else one more than that of the pages below.
func (p *Page) Level() int { return p.level }

// Len returns how many entries a leaf, how many rows a table has.
func (p *Page) Len() int { return len(p.offs) - p.refs }

// Count returns how many entries of the directory the page stands for.
func (p *Page) Count() uint64 {
	if p.level == 0 {
		return uint64(p.Len())
	}
	return p.sums[p.Len()]
}

// Bytes returns about how much memory the page takes, its plaintext included.
func (p *Page) Bytes() int { return cap(p.b) + 4*cap(p.offs) + 8*cap(p.sums) + 128 }

// Name returns the name of entry i, or of the first entry below row i. The
// slice is the page's own and must not be changed.
func (p *Page) Name(i int) []byte {
	s := scan{b: p.b, pos: int(p.offs[p.refs+i])}
	return s.bytes()
}

// Find returns the place of the first entry whose name is not less than name,
// and whether it is that name.
func (p *Page) Find(name []byte) (i int, ok bool) { return find(p, name) }

// FindString is Find for a string.
func (p *Page) FindString(name string) (i int, ok bool) { return find(p, name) }

func find[T string | []byte](p *Page, name T) (int, bool) {
	lo, hi := 0, p.Len()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if string(p.Name(mid)) < string(name) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < p.Len() && string(p.Name(lo)) == string(name)
}

// below returns the row of the table under which name belongs; -1 where name
// is less than every name of the directory below.
func (p *Page) below(name string) int {
	i, ok := p.FindString(name)
	if ok {
		return i
	}
	return i - 1
}

// Child returns, for row i of a table, the page below and how many entries of
// the directory it stands for.
func (p *Page) Child(i int) (chunk.Ref, uint64) {
	s := scan{b: p.b, pos: int(p.offs[i])}
	s.bytes()
	count := s.uv()
	r := chunk.Ref{Size: uint32(s.uv()), Kind: chunk.Page}
	copy(r.ID[:], s.take(32))
	return r, count
}

// Before returns how many entries of the directory stand in the rows before
// row i of a table.
func (p *Page) Before(i int) uint64 { return p.sums[i] }

// rowAt returns the row of a table below which position pos lies; pos is less
// than Count.
func (p *Page) rowAt(pos uint64) int {
	return sort.Search(p.Len(), func(i int) bool { return p.sums[i+1] > pos })
}

// Refs returns how many chunks the page refers to, pages below included; Ref
// gives them. No node is built for it.
func (p *Page) Refs() int {
	if p.level > 0 {
		return len(p.offs)
	}
	return p.refs
}

// Ref returns the i-th chunk that the page refers to, from 0 to Refs()-1.
func (p *Page) Ref(i int) chunk.Ref {
	if p.level > 0 {
		r, _ := p.Child(i)
		return r
	}
	return p.ref(i)
}

func (p *Page) ref(i int) chunk.Ref {
	s := scan{b: p.b, pos: int(p.offs[i])}
	r := chunk.Ref{Kind: chunk.Kind(s.u8()), Size: uint32(s.uv())}
	copy(r.ID[:], s.take(32))
	return r
}
