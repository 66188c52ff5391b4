package pack

import (
	"ivyvault/chunk"
)

// Frame is one frame of a chunk, ready to be sealed.
type Frame struct {
	Hash chunk.ID // of its plaintext
	Data []byte   // as stored, before encryption
	Comp uint8    // Raw or Zstd
}

// Scratch is room for the frames of one chunk. It is for one goroutine at a
// time; the zero value is ready.
type Scratch struct {
	frames []Frame
	buf    []byte
}

// Frames cuts p, the plaintext of a chunk, into frames, compresses each where
// that pays, and returns them in order. hashes are their hashes, as many as
// there are frames. The result is valid until s is used again or p changes:
// frames that stay raw are slices of p.
func (c *Codec) Frames(s *Scratch, p []byte, hashes []chunk.ID) []Frame {
	s.frames, s.buf = s.frames[:0], s.buf[:0]
	if c.encoder != nil {
		// Room for everything beforehand, so that nothing is copied on growth.
		s.buf = grow(s.buf, c.bound(len(p)))
	}
	for i, hash := range hashes {
		plain := p[i*chunk.FrameSize:][:frameSize(uint32(len(p)), i)]
		begin := len(s.buf)
		out, comp := c.Compress(s.buf, plain)
		f := Frame{Hash: hash, Data: plain, Comp: comp}
		if comp == Zstd {
			s.buf, f.Data = out, out[begin:len(out):len(out)]
		}
		s.frames = append(s.frames, f)
	}
	return s.frames
}

// bound is room enough for the compressed frames of size bytes of plaintext:
// whatever is kept is shorter than its plaintext, and the last one tried may
// be longer by what zstd adds to a frame.
func (c *Codec) bound(size int) int {
	return size + c.encoder.MaxEncodedSize(chunk.FrameSize) - chunk.FrameSize
}
