package pack

import (
	"encoding/binary"
	"math/bits"

	"ivyvault/chunk"
)

// appendEntry appends a chunk's part of the table's plaintext.
func appendEntry(dst []byte, ref *chunk.Ref, frames []Frame) []byte {
	dst = append(dst, byte(ref.Kind))
	dst = append(dst, ref.ID[:]...)
	dst = binary.AppendUvarint(dst, uint64(ref.Size))
	for i := range frames {
		f := &frames[i]
		dst = appendFrame(dst, len(f.Data)+tagSize, f.Comp)
		if len(frames) > 1 {
			dst = append(dst, f.Hash[:]...)
		}
	}
	return dst
}

func appendFrame(dst []byte, stored int, comp uint8) []byte {
	return binary.AppendUvarint(dst, uint64(stored)<<1|uint64(comp))
}

// reader takes fields off the front of p. After the first that is not there,
// all are zero and failed is set.
type reader struct {
	p      []byte
	failed bool
}

func (r *reader) u8() uint8 {
	if r.failed || len(r.p) == 0 {
		r.failed = true
		return 0
	}
	v := r.p[0]
	r.p = r.p[1:]
	return v
}

func (r *reader) id() (id chunk.ID) {
	if r.failed || len(r.p) < len(id) {
		r.failed = true
		return id
	}
	copy(id[:], r.p)
	r.p = r.p[len(id):]
	return id
}

// uv takes a varint, which must have its shortest form.
func (r *reader) uv() uint64 {
	v, n := binary.Uvarint(r.p)
	if r.failed || n <= 0 || n != uvLen(v) {
		r.failed = true
		return 0
	}
	r.p = r.p[n:]
	return v
}

func uvLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
