package states

import (
	"encoding/binary"
	"errors"

	"github.com/zeebo/blake3"
)

// A state file is: head (magic, version, seven zeros, set) ‖ blocks ‖ trailer ‖
// foot (length of the trailer, hash of head and trailer, magic). Numbers in
// blocks and trailer are uvarints.
const (
	headSize = 16 + 32
	footSize = 8 + 32 + 8
	version  = 1
)

const (
	headMagic = "IvyState"
	footMagic = "IvyStEnd"
)

// Bounds on what a record may be, so that a reader's memory has one too.
const (
	MaxPath  = 1 << 20
	MaxValue = 16 << 20
	MaxMeta  = 1 << 20
)

// blockSize is the size of a block's records at which it is closed.
const blockSize = 256 << 10

// maxBlock is the most that a block can hold: one record may go beyond.
const maxBlock = blockSize + MaxPath + MaxValue + 64

func head(set [32]byte) []byte {
	b := make([]byte, headSize)
	copy(b, headMagic)
	b[8] = version
	copy(b[16:], set[:])
	return b
}

// blockInfo is what the trailer says of a block.
type blockInfo struct {
	at, stored int64 // where it lies in the file
	plain      int   // bytes of its records
	hash       [32]byte
	first      []byte // path of its first record
}

type trailer struct {
	count    uint64
	snapshot [32]byte
	meta     []byte
	blocks   []blockInfo
}

func (t *trailer) bytes() []byte {
	b := binary.AppendUvarint(nil, t.count)
	b = append(b, t.snapshot[:]...)
	b = binary.AppendUvarint(b, uint64(len(t.meta)))
	b = append(b, t.meta...)
	b = binary.AppendUvarint(b, uint64(len(t.blocks)))
	for i := range t.blocks {
		k := &t.blocks[i]
		b = binary.AppendUvarint(b, uint64(k.stored))
		b = binary.AppendUvarint(b, uint64(k.plain))
		b = append(b, k.hash[:]...)
		b = binary.AppendUvarint(b, uint64(len(k.first)))
		b = append(b, k.first...)
	}
	return b
}

// foot returns what closes a file with this head and trailer.
func foot(head, trailer []byte) []byte {
	h := blake3.New()
	_, _ = h.Write(head)
	_, _ = h.Write(trailer)
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(trailer)))
	b = h.Sum(b)
	return append(b, footMagic...)
}

var errTrailer = errors.New("its trailer cannot be decoded")

// parseTrailer reads a trailer. The slices in it point into b.
func parseTrailer(b []byte) (*trailer, error) {
	ok := true
	number := func(limit uint64) uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > limit || n > 1 && b[n-1] == 0 {
			ok = false
			return 0
		}
		b = b[n:]
		return v
	}
	take := func(n uint64) []byte {
		if n > uint64(len(b)) {
			ok = false
			return nil
		}
		p := b[:n:n]
		b = b[n:]
		return p
	}
	t := new(trailer)
	t.count = number(1<<63 - 1)
	copy(t.snapshot[:], take(32))
	t.meta = take(number(MaxMeta))
	const least = 1 + 1 + 32 + 1
	n := number(uint64(len(b) / least))
	if !ok {
		return nil, errTrailer
	}
	t.blocks = make([]blockInfo, n)
	at := int64(headSize)
	for i := range t.blocks {
		k := &t.blocks[i]
		k.at = at
		k.stored = int64(number(maxBlock * 2))
		k.plain = int(number(maxBlock))
		copy(k.hash[:], take(32))
		k.first = take(number(MaxPath))
		at += k.stored
	}
	if !ok || len(b) != 0 {
		return nil, errTrailer
	}
	return t, nil
}

// end returns where the blocks end in the file.
func (t *trailer) end() int64 {
	if len(t.blocks) == 0 {
		return headSize
	}
	k := &t.blocks[len(t.blocks)-1]
	return k.at + k.stored
}
