package versions

import (
	"encoding/binary"
	"errors"

	"ivyvault/chunk"
)

// note is what a generation says of itself besides its rows.
type note struct {
	rows   uint64
	chains []Chain
	files  map[uint64][32]byte // BLAKE3 of Badger's files of keys, by number
}

// noteVersion changes with the layout of rows or note: a generation of another
// version is not used.
const noteVersion = 1

var errNote = errors.New("its note can't be decoded, or is of another version")

func (n *note) bytes() []byte {
	b := binary.AppendUvarint([]byte{noteVersion}, n.rows)
	b = binary.AppendUvarint(b, uint64(len(n.chains)))
	for _, c := range n.chains {
		b = binary.AppendUvarint(b, uint64(len(c.Name)))
		b = append(b, c.Name...)
		b = binary.AppendUvarint(b, uint64(len(c.Snapshots)))
		for i := range c.Snapshots {
			s := &c.Snapshots[i]
			b = append(b, s.ID[:]...)
			b = append(b, s.Root.ID[:]...)
			b = binary.LittleEndian.AppendUint32(b, s.Root.Size)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(n.files)))
	for no, hash := range n.files {
		b = binary.AppendUvarint(b, no)
		b = append(b, hash[:]...)
	}
	return b
}

func parseNote(b []byte) (note, error) {
	ok := len(b) > 0 && b[0] == noteVersion
	if !ok {
		return note{}, errNote
	}
	b = b[1:]
	number := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			ok, b = false, nil
			return 0
		}
		b = b[n:]
		return v
	}
	// count bounds what is allocated by what is there.
	count := func(size int) int {
		v := number()
		if v > uint64(len(b)/size) {
			ok = false
			return 0
		}
		return int(v)
	}
	take := func(n int) []byte {
		if n > len(b) {
			ok, b = false, nil
			return make([]byte, n)
		}
		p := b[:n]
		b = b[n:]
		return p
	}
	n := note{rows: number()}
	n.chains = make([]Chain, count(2))
	for i := range n.chains {
		c := &n.chains[i]
		c.Name = string(take(count(1)))
		c.Snapshots = make([]Snapshot, count(32+32+4))
		for j := range c.Snapshots {
			s := &c.Snapshots[j]
			copy(s.ID[:], take(32))
			s.Root.Kind = chunk.Page
			copy(s.Root.ID[:], take(32))
			s.Root.Size = binary.LittleEndian.Uint32(take(4))
		}
	}
	files := count(1 + 32)
	n.files = make(map[uint64][32]byte, files)
	for range files {
		no := number()
		n.files[no] = [32]byte(take(32))
	}
	if !ok || len(b) != 0 {
		return note{}, errNote
	}
	return n, nil
}
