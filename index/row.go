package index

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"ivyvault/chunk"
)

// In a generation's Badger directory each chunk is one key:
//
//	'c' ‖ id ‖ u8 kind
//
// whose value is the list of its locations, each as five uvarints: listing,
// ordinal, offset, stored, size. Other first bytes are free for other tables.
const (
	keyPrefix = 'c'
	keySize   = 1 + 32 + 1
)

// maxPlaces bounds the locations of one chunk that a generation keeps: what
// more there is names copies beyond the thousandth.
const maxPlaces = 1000

var errRow = errors.New("a row of the chunk table cannot be decoded")

func putKey(k *[keySize]byte, id *chunk.ID, kind chunk.Kind) {
	k[0] = keyPrefix
	copy(k[1:], id[:])
	k[keySize-1] = byte(kind)
}

func parseKey(k []byte) (id chunk.ID, kind chunk.Kind, ok bool) {
	if len(k) != keySize || k[0] != keyPrefix {
		return id, 0, false
	}
	return chunk.ID(k[1:33]), chunk.Kind(k[keySize-1]), true
}

func appendPlace(b []byte, e *entry) []byte {
	b = binary.AppendUvarint(b, uint64(e.listing))
	b = binary.AppendUvarint(b, uint64(e.place&MaxPackChunks))
	b = binary.AppendUvarint(b, uint64(e.offset))
	b = binary.AppendUvarint(b, uint64(e.stored))
	return binary.AppendUvarint(b, uint64(e.size))
}

// takePlace reads one location into e, of which id and kind are set already,
// and returns what follows, nil where b is no location.
func takePlace(b []byte, e *entry) []byte {
	var v [5]uint64
	for i := range v {
		x, n := binary.Uvarint(b)
		if n <= 0 || x > 1<<32-1 {
			return nil
		}
		v[i], b = x, b[n:]
	}
	if v[1] > MaxPackChunks {
		return nil
	}
	e.listing = uint32(v[0])
	e.place = e.place&^uint32(MaxPackChunks) | uint32(v[1])
	e.offset, e.stored, e.size = uint32(v[2]), uint32(v[3]), uint32(v[4])
	return b
}

// recordSize is the size of a listing in the file of listings: name, size,
// stored (u64 each), chunks, file (u32 each), kind, three zeros, CRC-32C of all
// that, so that a listing can be verified when it is used.
const recordSize = 64

const listingsName = "listings"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendListing(b []byte, l *listing) []byte {
	at := len(b)
	b = append(b, l.name[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(l.size))
	b = binary.LittleEndian.AppendUint64(b, uint64(l.stored))
	b = binary.LittleEndian.AppendUint32(b, l.chunks)
	b = binary.LittleEndian.AppendUint32(b, l.file)
	b = append(b, l.kind, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[at:], castagnoli))
}

func parseListing(b []byte) (l listing, ok bool) {
	if binary.LittleEndian.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli) {
		return l, false
	}
	copy(l.name[:], b)
	l.size = int64(binary.LittleEndian.Uint64(b[32:]))
	l.stored = int64(binary.LittleEndian.Uint64(b[40:]))
	l.chunks = binary.LittleEndian.Uint32(b[48:])
	l.file = binary.LittleEndian.Uint32(b[52:])
	l.kind = b[56]
	return l, true
}
