package index

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"ivyvault/chunk"
)

// MaxPlain is the greatest plaintext of an index file, in bytes, that Decode
// accepts. A writer begins a new file long before.
const MaxPlain = 64 << 20

// The least bytes that a pack and a chunk take, by which counts are bounded
// before anything is allocated for them.
const (
	leastPack  = 32 + 1 + 1 + 1
	leastChunk = 1 + 32 + 1 + 1
)

// Encode returns the content of an index file: one zstd frame of the plaintext
// that doc/format.md, section 7, lays out. It fails where f breaks a bound that
// Decode would refuse.
func Encode(f File) ([]byte, error) {
	plain, err := encodePlain(f)
	if err != nil {
		return nil, err
	}
	// Ids do not compress: the fastest level takes what there is to take.
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return w.EncodeAll(plain, nil), nil
}

// Decode reads what Encode wrote. An error is a *chunk.DamageError. Memory is
// bounded by MaxPlain and a small factor, whatever b says.
func Decode(b []byte) (File, error) {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(MaxPlain))
	if err != nil {
		return File{}, err
	}
	defer r.Close()
	plain, err := r.DecodeAll(b, nil)
	if err != nil {
		return File{}, &chunk.DamageError{What: "index file", How: "it cannot be decompressed", Err: err}
	}
	return decodePlain(plain)
}

func encodePlain(f File) ([]byte, error) {
	n := binary.MaxVarintLen64
	for i := range f.Packs {
		if how := f.Packs[i].check(); how != "" {
			return nil, fmt.Errorf("index file cannot be written: pack %x: %s", f.Packs[i].Name, how)
		}
		n += leastPack + 16 + len(f.Packs[i].Chunks)*(leastChunk+6)
	}
	b := binary.AppendUvarint(make([]byte, 0, n), uint64(len(f.Packs)))
	for i := range f.Packs {
		p := &f.Packs[i]
		b = append(b, p.Name[:]...)
		b = append(b, p.Kind)
		b = binary.AppendUvarint(b, uint64(p.Size))
		b = binary.AppendUvarint(b, uint64(len(p.Chunks)))
		for j := range p.Chunks {
			c := &p.Chunks[j]
			b = append(b, byte(c.Kind))
			b = append(b, c.ID[:]...)
			b = binary.AppendUvarint(b, uint64(c.Size))
			b = binary.AppendUvarint(b, uint64(c.Stored))
		}
	}
	if len(b) > MaxPlain {
		return nil, fmt.Errorf("index file cannot be written: %d bytes exceed the limit of %d", len(b), MaxPlain)
	}
	return b, nil
}

func decodePlain(b []byte) (File, error) {
	d := decoder{b: b}
	var f File
	if n := d.count(leastPack); n > 0 {
		f.Packs = make([]Pack, n)
	}
	for i := range f.Packs {
		p := &f.Packs[i]
		copy(p.Name[:], d.take(32))
		p.Kind = d.byte()
		p.Size = int64(d.uvarint(MaxPackSize))
		if n := d.count(leastChunk); n > 0 {
			p.Chunks = make([]Chunk, n)
		}
		for j := range p.Chunks {
			c := &p.Chunks[j]
			c.Kind = chunk.Kind(d.byte())
			copy(c.ID[:], d.take(32))
			c.Size = uint32(d.uvarint(chunk.MaxSize))
			c.Stored = uint32(d.uvarint(MaxPackSize))
		}
		if d.how == "" {
			d.how = p.check()
		}
		if d.how != "" {
			break
		}
	}
	if d.how == "" && len(d.b) != 0 {
		d.how = "bytes follow its end"
	}
	if d.how != "" {
		return File{}, &chunk.DamageError{What: "index file", How: d.how}
	}
	return f, nil
}

// decoder takes fields off the front of b. After the first failure how is set
// and every further field is zero.
type decoder struct {
	b   []byte
	how string
}

func (d *decoder) take(n int) []byte {
	if d.how != "" || len(d.b) < n {
		d.fail("it ends too early")
		return nil
	}
	p := d.b[:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) byte() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0
}

// uvarint takes a number of at most limit, in its shortest form only.
func (d *decoder) uvarint(limit uint64) uint64 {
	if d.how != "" {
		return 0
	}
	v, n := binary.Uvarint(d.b)
	switch {
	case n <= 0:
		d.fail("a number is cut off or too long")
		return 0
	case n > 1 && d.b[n-1] == 0:
		d.fail("a number is not in its shortest form")
		return 0
	case v > limit:
		d.fail("a number is out of bounds")
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count takes the number of items that follow, each of at least least bytes.
func (d *decoder) count(least int) int {
	v := d.uvarint(1<<63 - 1)
	if v > uint64(len(d.b)/least) {
		d.fail("a count exceeds what follows")
		return 0
	}
	return int(v)
}

func (d *decoder) fail(how string) {
	if d.how == "" {
		d.how = how
	}
}
