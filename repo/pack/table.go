package pack

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"ivyvault/chunk"
)

// Table is the opened table of one pack. It is immutable and safe for
// concurrent use. Thousands may be held: see Bytes.
type Table struct {
	chunks []tableChunk
	ends   []uint32   // by frame: where it ends in the pack; top bit: compressed
	hashes []chunk.ID // of the frames of chunks of several frames
}

// tableChunk is a chunk in 44 bytes.
type tableChunk struct {
	id    chunk.ID
	size  uint32 // plaintext bytes; the top bits hold the kind
	frame uint32 // its first frame, an index into ends
	hash  uint32 // its first frame's hash, an index into hashes
}

const (
	kindShift  = 30
	compressed = 1 << 31
)

// OpenTable opens the sealed table of a pack and checks it: that the header,
// the pack's first HeaderSize bytes, is the one that it was sealed with, that
// its frames fill the pack up to the table, and that the ids of chunks of
// several frames are those of their frames' hashes. The arguments are not kept
// and not changed.
func OpenTable(aead cipher.AEAD, header []byte, trailer Trailer, sealed []byte, names Hasher) (*Table, error) {
	if len(header) < HeaderSize || int64(len(sealed)) != trailer.Length {
		return nil, damaged(fmt.Sprintf("%d bytes of its header and %d of its table are there", len(header), len(sealed)), nil)
	}
	nonce, data := tableText((*[HeaderSize]byte)(header))
	plain, err := aead.Open(nil, nonce[:], sealed, data)
	if err != nil {
		return nil, damaged("its table does not open", err)
	}
	return parseTable(plain, header[12], trailer.Offset, names)
}

// leastEntry is what the shortest entry takes: kind, id, length, one frame.
const leastEntry = 1 + 32 + 1 + 1

func parseTable(plain []byte, kind uint8, end int64, names Hasher) (*Table, error) {
	r := reader{p: plain}
	n := r.uv()
	if r.failed || n == 0 || n > uint64(len(r.p)/leastEntry) {
		return nil, damaged("its table counts more chunks than it can hold, or none", nil)
	}
	t := &Table{chunks: make([]tableChunk, 0, n), ends: make([]uint32, 0, n)}
	at := int64(HeaderSize)
	for i := range n {
		var err error
		if at, err = t.parseChunk(&r, kind, at, end, names); err != nil {
			return nil, damaged(fmt.Sprintf("chunk %d of its table", i), err)
		}
	}
	if len(r.p) > 0 || at != end {
		return nil, damaged("its table does not fit its frames", nil)
	}
	t.ends, t.hashes = slices.Clone(t.ends), slices.Clone(t.hashes) // without the room to grow
	return t, nil
}

// parseChunk takes the next chunk, whose first frame begins at at, and returns
// where its last one ends.
func (t *Table) parseChunk(r *reader, packKind uint8, at, end int64, names Hasher) (int64, error) {
	kind, id, size := chunk.Kind(r.u8()), r.id(), r.uv()
	switch {
	case r.failed:
		return 0, errors.New("it ends too early")
	case !kind.Valid() || KindFor(kind) != packKind:
		return 0, fmt.Errorf("a chunk of %s in a pack of kind %d", kind, packKind)
	case size == 0 || size > chunk.MaxSize:
		return 0, fmt.Errorf("a chunk of %d bytes", size)
	}
	ref := chunk.Ref{ID: id, Size: uint32(size), Kind: kind}
	n := ref.Frames()
	if n > 1 && n > len(r.p)/(1+32) {
		return 0, errors.New("it ends too early")
	}
	t.chunks = append(t.chunks, tableChunk{
		id: id, size: ref.Size | uint32(kind)<<kindShift,
		frame: uint32(len(t.ends)), hash: uint32(len(t.hashes)),
	})
	for i := range n {
		v := r.uv()
		stored := v >> 1
		if r.failed || stored <= tagSize || stored > uint64(end-at) {
			return 0, fmt.Errorf("frame %d does not lie in the pack", i)
		}
		flag := uint32(v&1) << 31
		if flag == 0 && stored != uint64(frameSize(ref.Size, i)+tagSize) {
			return 0, fmt.Errorf("frame %d has %d stored bytes for %d", i, stored, frameSize(ref.Size, i))
		}
		at += int64(stored)
		t.ends = append(t.ends, uint32(at)|flag)
		if n > 1 {
			t.hashes = append(t.hashes, r.id())
		}
	}
	if r.failed {
		return 0, errors.New("it ends too early")
	}
	if n > 1 && names.ChunkID(kind, t.hashes[len(t.hashes)-n:]) != id {
		return 0, fmt.Errorf("the hashes of its frames are not those of %s", ref)
	}
	return at, nil
}

// Len returns the number of chunks.
func (t *Table) Len() int { return len(t.chunks) }

// Bytes returns how much memory the table takes.
func (t *Table) Bytes() int {
	return int(unsafe.Sizeof(*t)) + cap(t.chunks)*int(unsafe.Sizeof(tableChunk{})) +
		cap(t.ends)*4 + cap(t.hashes)*len(chunk.ID{})
}

// Entry returns chunk i, as an index file lists it.
func (t *Table) Entry(i int) Entry {
	ref := t.ref(i)
	_, n := t.Range(i, 0, ref.Frames())
	return Entry{Ref: ref, Stored: uint32(n)}
}

func (t *Table) ref(i int) chunk.Ref {
	c := &t.chunks[i]
	return chunk.Ref{ID: c.id, Size: c.size & (1<<kindShift - 1), Kind: chunk.Kind(c.size >> kindShift)}
}

// Find returns the place of the chunk in the table.
func (t *Table) Find(id chunk.ID) (i int, ok bool) {
	for i := range t.chunks {
		if t.chunks[i].id == id {
			return i, true
		}
	}
	return 0, false
}

// Range returns which bytes of the pack hold the frames from a up to but not
// including b of chunk i. It panics where 0 <= a < b <= Frames() does not hold.
func (t *Table) Range(i, a, b int) (off, n int64) {
	if a < 0 || a >= b || b > t.ref(i).Frames() {
		panic(fmt.Sprintf("pack: frames %d to %d of %s", a, b, t.ref(i)))
	}
	first := int(t.chunks[i].frame)
	off = t.begin(first + a)
	return off, int64(t.ends[first+b-1]&^compressed) - off
}

// begin returns where a frame of the pack begins.
func (t *Table) begin(frame int) int64 {
	if frame == 0 {
		return HeaderSize
	}
	return int64(t.ends[frame-1] &^ compressed)
}
