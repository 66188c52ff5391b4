package pack

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/zeebo/blake3"

	"ivyvault/chunk"
)

// Builder fills the image of one pack. Add may be called by many goroutines at
// once: space is given out under a short lock, encryption runs outside it.
type Builder struct {
	aead cipher.AEAD
	kind uint8

	adding sync.WaitGroup // Adds that still encrypt

	mu      sync.Mutex
	closed  bool
	image   []byte // header and the space given out; cap is the limit
	table   []byte // plaintext of the table without the count before it
	entries []Entry
	frames  uint64
	idle    []*frameText
}

// Entry is what an index file says of a chunk in a pack, in the pack's order.
type Entry struct {
	Ref    chunk.Ref
	Stored uint32 // bytes of all its frames as stored
}

// Image is a finished pack.
type Image struct {
	Bytes   []byte // what is stored; never changed by this package again
	Kind    uint8
	Entries []Entry
}

// ErrEmpty is what Finish returns where nothing was added.
var ErrEmpty = errors.New("a pack without chunks")

// NewBuilder begins a pack of the kind with a header and its cipher, both from
// a pack key that is used for nothing else. The capacity of buf is the size at
// which the pack is full, a multiple of Align is best; the builder owns buf
// until Finish and then the image does. A chunk too large for buf gets a pack
// of its own, in memory of its own.
func NewBuilder(header [HeaderSize]byte, aead cipher.AEAD, kind uint8, buf []byte) *Builder {
	return &Builder{aead: aead, kind: kind, image: append(buf[:0], header[:]...)}
}

// Add seals the frames of the chunk into the pack. It returns false where they
// don't fit or the pack is finished: then they belong into the next one. An
// error means frames that are not those of the chunk, or a chunk that does not
// belong into a pack of this kind. When Add returns, ref and frames are no
// longer used.
func (b *Builder) Add(ref chunk.Ref, frames []Frame) (bool, error) {
	stored, err := b.check(ref, frames)
	if err != nil {
		return false, err
	}
	region, first, text := b.reserve(&ref, frames, stored)
	if region == nil {
		return false, nil
	}
	defer b.adding.Done()
	for i := range frames {
		f := &frames[i]
		text.set(&ref, i, first+uint64(i), f.Comp)
		sealed := b.aead.Seal(region[:0], text.nonce[:], f.Data, text.data[:])
		region = region[len(sealed):]
	}
	b.mu.Lock()
	b.idle = append(b.idle, text)
	b.mu.Unlock()
	return true, nil
}

// check returns how many bytes the frames take when they are stored.
func (b *Builder) check(ref chunk.Ref, frames []Frame) (int, error) {
	if !ref.Kind.Valid() || KindFor(ref.Kind) != b.kind {
		return 0, fmt.Errorf("add %s to a pack of kind %d", ref, b.kind)
	}
	if ref.Size == 0 || ref.Size > chunk.MaxSize || len(frames) != ref.Frames() {
		return 0, fmt.Errorf("add %s to a pack: %d frames for %d bytes", ref, len(frames), ref.Size)
	}
	stored := 0
	for i := range frames {
		f := &frames[i]
		if f.Comp > Zstd || len(f.Data) == 0 || (f.Comp == Raw && len(f.Data) != frameSize(ref.Size, i)) {
			return 0, fmt.Errorf("add %s to a pack: frame %d has %d bytes with compression %d", ref, i, len(f.Data), f.Comp)
		}
		stored += len(f.Data) + tagSize
	}
	return stored, nil
}

// reserve gives out the next stored bytes of the image, the number of the
// first frame in it, and a text to use; nil where the pack is full or closed.
func (b *Builder) reserve(ref *chunk.Ref, frames []Frame, stored int) (region []byte, first uint64, text *frameText) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, 0, nil
	}
	begin, tableLen := len(b.image), len(b.table)
	b.table = appendEntry(b.table, ref, frames)
	if size := imageSize(begin+stored, len(b.table), len(b.entries)+1); size > cap(b.image) {
		if len(b.entries) > 0 {
			b.table = b.table[:tableLen]
			return nil, 0, nil
		}
		b.image = slices.Grow(b.image, size-begin)
	}
	b.image = b.image[:begin+stored]
	b.entries = append(b.entries, Entry{Ref: *ref, Stored: uint32(stored)})
	first = b.frames
	b.frames += uint64(len(frames))
	b.adding.Add(1)
	if n := len(b.idle); n > 0 {
		text, b.idle = b.idle[n-1], b.idle[:n-1]
	} else {
		text = new(frameText)
	}
	return b.image[begin : begin+stored : begin+stored], first, text
}

// imageSize is the size of an image whose frames end at end and whose table
// has tableLen bytes for count chunks.
func imageSize(end, tableLen, count int) int {
	size := end + uvLen(uint64(count)) + tableLen + tagSize + TrailerSize
	return (size + Align - 1) / Align * Align
}

// Size returns the size that the image would have if it were finished now. It
// means nothing after Finish.
func (b *Builder) Size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return imageSize(len(b.image), len(b.table), len(b.entries))
}

// Chunks returns how many chunks were added.
func (b *Builder) Chunks() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries)
}

// Finish closes the pack to further chunks, waits for those that are being
// added, and completes the image. It may be called once. Without any chunk it
// returns ErrEmpty; the buffer is the caller's again.
func (b *Builder) Finish() (*Image, error) {
	b.mu.Lock()
	again := b.closed
	b.closed = true
	b.mu.Unlock()
	if again {
		return nil, errors.New("the pack is finished already")
	}
	b.adding.Wait()
	if len(b.entries) == 0 {
		return nil, ErrEmpty
	}
	offset := len(b.image)
	plain := binary.AppendUvarint(make([]byte, 0, 10+len(b.table)), uint64(len(b.entries)))
	plain = append(plain, b.table...)
	image := sealTable(b.image, b.aead, plain)
	length := len(image) - offset
	size := imageSize(offset, len(b.table), len(b.entries))
	image = slices.Grow(image, size-len(image))
	padding := image[len(image) : size-TrailerSize]
	clear(padding)
	image = image[:size-TrailerSize]
	image = binary.LittleEndian.AppendUint32(image, uint32(length))
	image = binary.LittleEndian.AppendUint64(image, uint64(offset))
	image = append(image, trailerMagic...)
	b.image, b.table, b.idle = nil, nil, nil
	return &Image{Bytes: image, Kind: b.kind, Entries: b.entries}, nil
}

// sealTable appends the sealed table to an image, which begins with its header.
func sealTable(image []byte, aead cipher.AEAD, plain []byte) []byte {
	nonce, data := tableText((*[HeaderSize]byte)(image))
	return aead.Seal(image, nonce[:], plain, data)
}

// tableText returns the nonce of the table, outside the range of the frames'
// counters, and its associated data, which binds it to the pack's header.
func tableText(header *[HeaderSize]byte) (nonce [nonceSize]byte, data []byte) {
	for i := range nonce {
		nonce[i] = 0xff
	}
	sum := blake3.Sum256(header[:])
	return nonce, append([]byte("table"), sum[:]...)
}
