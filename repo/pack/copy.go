package pack

import (
	"crypto/cipher"
)

// CopyFrames opens and verifies all frames of chunk i and returns them as they
// were compressed, ready to be added to another pack. stored is what Range
// names for the whole chunk; it is not changed. The result is valid until s is
// used again.
func (t *Table) CopyFrames(s *Scratch, stored []byte, aead cipher.AEAD, i int, codec *Codec, names Hasher) ([]Frame, error) {
	ref := t.ref(i)
	if _, n := t.Range(i, 0, ref.Frames()); int64(len(stored)) != n {
		return nil, damagedChunk(ref, nil, "%d stored bytes are there instead of %d", len(stored), n)
	}
	o := codec.opening.Get().(*opening)
	defer codec.opening.Put(o)
	s.frames, s.buf = s.frames[:0], grow(s.buf[:0], len(stored))
	var plain []byte
	for n := range ref.Frames() {
		_, length := t.Range(i, n, n+1)
		out, err := t.openFrame(o, plain[:0], stored[:length], aead, i, n, codec, names)
		if err != nil {
			return nil, damagedChunk(ref, err, "frame %d of %d", n, ref.Frames())
		}
		plain = out
		comp := uint8(t.ends[int(t.chunks[i].frame)+n] >> 31)
		data := plain
		if comp == Zstd {
			data = o.buf // the frame before it was decompressed
		}
		begin := len(s.buf)
		s.buf = append(s.buf, data...)
		hash := ref.ID
		if ref.Frames() > 1 {
			hash = t.hashes[int(t.chunks[i].hash)+n]
		}
		s.frames = append(s.frames, Frame{Hash: hash, Data: s.buf[begin:len(s.buf):len(s.buf)], Comp: comp})
		stored = stored[length:]
	}
	if cap(o.buf) > keepOpening {
		o.buf = nil
	}
	return s.frames, nil
}
