// Package pack is the container in which chunks are stored: many chunks, each
// cut into frames that are compressed and sealed one by one, then a table that
// says where they lie. Section 6 of doc/format.md is its byte format.
//
// Nouns:
//
//   - An image is the whole of a pack's bytes, kept in memory until stored.
//   - A Builder fills one image, from many goroutines at once.
//   - A Codec compresses and decompresses frames.
//   - A Table is the opened table of a stored pack. It finds a chunk, names
//     the bytes that hold some of its frames, and opens them.
//
// Promise: an image never changes once Finish has returned it, so storing it
// again stores the same bytes. What a Table opens is the plaintext that was
// added, verified by its hash, or an error that Is chunk.ErrDamaged. Memory
// taken while reading is bounded by what was read. The package does no input
// or output and holds no key but the cipher it is given.
package pack

import (
	"encoding/binary"
	"fmt"

	"ivyvault/chunk"
)

const (
	// HeaderSize is the length of the header before the first frame.
	HeaderSize = 1200
	// TrailerSize is the length of the trailer, the image's last bytes.
	TrailerSize = 16
	// Align is what the size of every image is a multiple of.
	Align = 4096
	// MaxSize is the greatest size of an image that a reader accepts.
	MaxSize = 1<<31 - Align

	tagSize      = 16
	nonceSize    = 12
	trailerMagic = "IVYT"
)

// The kinds of packs. Their numbers are part of the format.
const (
	DataPack uint8 = 1 // data chunks
	TreePack uint8 = 2 // pages and lists
)

// KindFor returns the kind of pack that chunks of the kind belong into.
func KindFor(kind chunk.Kind) uint8 {
	if kind == chunk.Data {
		return DataPack
	}
	return TreePack
}

// How a frame is stored. The numbers are part of the format.
const (
	Raw  uint8 = 0 // its plaintext
	Zstd uint8 = 1 // one zstd frame of it
)

// Hasher computes the names by which frames and chunks are verified.
type Hasher interface {
	// FrameHash returns the hash of one frame's plaintext.
	FrameHash(kind chunk.Kind, p []byte) chunk.ID
	// ChunkID returns the id of the chunk whose frames have these hashes.
	ChunkID(kind chunk.Kind, hashes []chunk.ID) chunk.ID
}

var _ Hasher = (*chunk.Keys)(nil)

func damaged(how string, err error) error {
	return &chunk.DamageError{What: "pack", How: how, Err: err}
}

func damagedChunk(ref chunk.Ref, err error, how string, args ...any) error {
	return &chunk.DamageError{What: "chunk " + ref.String(), How: fmt.Sprintf(how, args...), Err: err}
}

// frameSize returns the plaintext length of frame n of a chunk of size bytes.
func frameSize(size uint32, n int) int {
	return min(chunk.FrameSize, int(size)-n*chunk.FrameSize)
}

// frameText is room for the nonce and the associated data of one frame; as
// locals they would be allocated anew for each.
type frameText struct {
	nonce [nonceSize]byte
	data  [adSize]byte
}

const adSize = 1 + 32 + 4 + 4 + 1

// set fills in the nonce and the associated data of frame n of the chunk, which
// is frame at of the pack.
func (t *frameText) set(ref *chunk.Ref, n int, at uint64, comp uint8) {
	binary.LittleEndian.PutUint64(t.nonce[4:], at)
	t.data[0] = byte(ref.Kind)
	copy(t.data[1:], ref.ID[:])
	binary.LittleEndian.PutUint32(t.data[33:], uint32(n))
	binary.LittleEndian.PutUint32(t.data[37:], uint32(frameSize(ref.Size, n)))
	t.data[41] = comp
}
