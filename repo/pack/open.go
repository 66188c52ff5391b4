package pack

import (
	"crypto/cipher"
	"fmt"

	"ivyvault/chunk"
)

// opening is what opening frames needs beside their bytes.
type opening struct {
	text frameText
	buf  []byte // a decrypted frame that is still compressed
}

// keepOpening is the size up to which a buffer is kept for the next frame.
const keepOpening = 2 * chunk.FrameSize

// OpenFrames opens the frames from a up to but not including b of chunk i and
// appends their plaintext to dst. stored is what Range(i, a, b) names; it is
// not changed. Each frame is decrypted, decompressed and verified by its hash:
// where one fails, the error Is chunk.ErrDamaged and dst is returned with the
// frames before it.
func (t *Table) OpenFrames(dst, stored []byte, aead cipher.AEAD, i, a, b int, codec *Codec, names Hasher) ([]byte, error) {
	ref := t.ref(i)
	if _, n := t.Range(i, a, b); int64(len(stored)) != n {
		return dst, damagedChunk(ref, nil, "%d stored bytes are there instead of %d", len(stored), n)
	}
	o := codec.opening.Get().(*opening)
	defer codec.opening.Put(o)

	dst = grow(dst, min(b*chunk.FrameSize, int(ref.Size))-a*chunk.FrameSize+slack)
	for n := a; n < b; n++ {
		_, length := t.Range(i, n, n+1)
		out, err := t.openFrame(o, dst, stored[:length], aead, i, n, codec, names)
		if err != nil {
			return dst, damagedChunk(ref, err, "frame %d of %d", n, ref.Frames())
		}
		dst, stored = out, stored[length:]
	}
	if cap(o.buf) > keepOpening {
		o.buf = nil
	}
	return dst, nil
}

func (t *Table) openFrame(o *opening, dst, stored []byte, aead cipher.AEAD, i, n int, codec *Codec, names Hasher) ([]byte, error) {
	c := &t.chunks[i]
	ref := t.ref(i)
	at := int(c.frame) + n
	comp := uint8(t.ends[at] >> 31)
	o.text.set(&ref, n, uint64(at), comp)

	var out []byte
	var err error
	if comp == Raw {
		out, err = aead.Open(dst, o.text.nonce[:], stored, o.text.data[:])
		if err != nil {
			return nil, fmt.Errorf("it does not decrypt: %w", err)
		}
	} else {
		o.buf, err = aead.Open(o.buf[:0], o.text.nonce[:], stored, o.text.data[:])
		if err != nil {
			return nil, fmt.Errorf("it does not decrypt: %w", err)
		}
		out, err = codec.Decompress(dst, o.buf, frameSize(ref.Size, n))
		if err != nil {
			return nil, fmt.Errorf("it does not decompress: %w", err)
		}
	}
	want := ref.ID
	if ref.Frames() > 1 {
		want = t.hashes[int(c.hash)+n]
	}
	if names.FrameHash(ref.Kind, out[len(dst):]) != want {
		return nil, fmt.Errorf("its plaintext has not the hash that its pack names")
	}
	return out, nil
}
