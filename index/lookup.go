package index

import "ivyvault/chunk"

// Find returns the first location of the chunk whose signer accept allows; a
// nil accept allows every signer. accept must not call the Table. Find does not
// allocate where the delta knows the answer.
//
// Where the base turns out to be damaged Find answers from what it can still
// read, and Err reports it.
func (t *Table) Find(id chunk.ID, kind chunk.Kind, accept func(Signer) bool) (Location, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	p := t.delta.probe(&id, kind)
	for e := t.delta.next(&p); e != nil; e = t.delta.next(&p) {
		l := &t.listings[e.listing-t.baseListings()]
		s := &t.sources[l.file]
		if !s.dead && (accept == nil || accept(s.signer)) {
			return locate(e, l, s), true
		}
	}
	return t.findBase(&id, kind, accept)
}

// All appends every location of the chunk to dst and returns it. The order is
// that in which to try them.
func (t *Table) All(id chunk.ID, kind chunk.Kind, dst []Location) []Location {
	t.mu.RLock()
	defer t.mu.RUnlock()
	p := t.delta.probe(&id, kind)
	for e := t.delta.next(&p); e != nil; e = t.delta.next(&p) {
		l := &t.listings[e.listing-t.baseListings()]
		if s := &t.sources[l.file]; !s.dead {
			dst = append(dst, locate(e, l, s))
		}
	}
	return t.allBase(&id, kind, dst)
}

func locate(e *entry, l *listing, s *source) Location {
	return Location{
		Pack: l.name, PackSize: l.size, PackKind: l.kind,
		Kind: e.kind(), Ordinal: e.place & MaxPackChunks,
		Offset: int64(e.offset), Stored: e.stored, Size: e.size, Signer: s.signer,
	}
}
