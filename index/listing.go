package index

// listing is a pack as one index file lists it. Listings are numbered through:
// those of the base first, those of the delta after them.
type listing struct {
	name   Name
	size   int64
	stored int64 // bytes of all its chunks' frames
	chunks uint32
	file   uint32 // number of the index file
	kind   uint8
}

// entry returns the location of the pack's chunk i under listing number no, and
// counts it into l; the chunks must be taken in order.
func (p *Pack) entry(i int, no uint32, l *listing) entry {
	c := &p.Chunks[i]
	e := entry{
		id: c.ID, listing: no,
		offset: uint32(FramesBegin + l.stored), stored: c.Stored, size: c.Size,
		place: uint32(c.Kind)<<24 | uint32(i),
	}
	l.stored += int64(c.Stored)
	return e
}

// source is an index file that listings came from, or, with a zero name, the
// packs that a running write has made and no index file lists yet.
type source struct {
	name   Name
	signer Signer
	dead   bool
}

func (l *listing) pack(s *source) PackInfo {
	return PackInfo{Name: l.name, Kind: l.kind, Size: l.size, Chunks: int(l.chunks), Stored: l.stored,
		Index: s.name, Signer: s.signer}
}

// PackInfo is what a live index file says of a pack as a whole.
type PackInfo struct {
	Name   Name
	Kind   uint8
	Size   int64 // bytes of the stored object
	Chunks int   // chunks in it
	Stored int64 // bytes of their frames
	Index  Name  // the index file; zero for a pack of a running write
	Signer Signer
}
