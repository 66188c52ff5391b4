package seal

import (
	"encoding/binary"
	"math/bits"
)

// appendBytes appends a uv length and the bytes (1).
func appendBytes(dst, p []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(p))), p...)
}

// reader takes fields off the front of p. After the first field that is not
// there, every further one is zero and done is false.
type reader struct {
	p      []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if r.failed || n < 0 || n > len(r.p) {
		r.failed = true
		return nil
	}
	p := r.p[:n:n]
	r.p = r.p[n:]
	return p
}

func (r *reader) u8() uint8 {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u32() uint32 {
	if p := r.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if p := r.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

func (r *reader) array32() (a [32]byte) {
	copy(a[:], r.take(32))
	return a
}

// bytes takes a uv length, in its shortest form and at most limit, and as many
// bytes.
func (r *reader) bytes(limit int) []byte {
	n, width := binary.Uvarint(r.p)
	if r.failed || width <= 0 || width != uvLen(n) || n > uint64(limit) {
		r.failed = true
		return nil
	}
	r.p = r.p[width:]
	return r.take(int(n))
}

// done reports whether every field was there and nothing follows them.
func (r *reader) done() bool { return !r.failed && len(r.p) == 0 }

func uvLen(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }
