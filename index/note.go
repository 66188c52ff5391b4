package index

import (
	"encoding/binary"
	"errors"
)

// note is what a generation says of itself besides its rows.
type note struct {
	keys     uint64 // chunks
	places   uint64 // locations
	listings uint32
	sources  []source
}

// noteVersion changes with the layout of rows, listings or note: a generation
// of another version is discarded.
const noteVersion = 1

func (n *note) bytes() []byte {
	b := []byte{noteVersion}
	for _, v := range []uint64{n.keys, n.places, uint64(n.listings), uint64(len(n.sources))} {
		b = binary.AppendUvarint(b, v)
	}
	for i := range n.sources {
		b = append(b, n.sources[i].name[:]...)
		b = append(b, n.sources[i].signer[:]...)
	}
	return b
}

func parseNote(b []byte) (note, error) {
	d := decoder{b: b}
	if d.byte() != noteVersion {
		return note{}, errors.New("its chunk table has another version")
	}
	n := note{
		keys:     d.uvarint(1<<63 - 1),
		places:   d.uvarint(1<<63 - 1),
		listings: uint32(d.uvarint(1<<32 - 1)),
	}
	n.sources = make([]source, d.count(64))
	for i := range n.sources {
		copy(n.sources[i].name[:], d.take(32))
		copy(n.sources[i].signer[:], d.take(32))
	}
	if d.how != "" || len(d.b) != 0 {
		return note{}, errors.New("its note cannot be decoded")
	}
	return n, nil
}
