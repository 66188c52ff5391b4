package pack

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"

	"ivyvault/chunk"
)

// Codec compresses and decompresses frames. It is safe for concurrent use and
// meant to live as long as the repository is open: its encoders and buffers
// are kept for reuse. At most as many frames as there are processors are
// worked on at once, further callers wait.
type Codec struct {
	encoder *zstd.Encoder // nil for level "off"
	decoder *zstd.Decoder
	opening sync.Pool // of *opening
}

// Levels returns the names of the levels that NewCodec knows, cheapest first.
func Levels() []string { return []string{"off", "fastest", "default", "better"} }

// NewCodec makes a codec that compresses at the level and decompresses what
// any level made. Close it when it is not needed any more.
func NewCodec(level string) (*Codec, error) {
	c := &Codec{}
	c.opening.New = func() any { return new(opening) }
	var speed zstd.EncoderLevel
	switch level {
	case "off":
	case "fastest":
		speed = zstd.SpeedFastest
	case "default":
		speed = zstd.SpeedDefault
	case "better":
		speed = zstd.SpeedBetterCompression
	default:
		return nil, fmt.Errorf("no compression level %q: use off, fastest, default or better", level)
	}
	procs := runtime.GOMAXPROCS(0)
	var err error
	if level != "off" {
		c.encoder, err = zstd.NewWriter(nil,
			// The window comes before the level: else the fastest one cuts frames
			// into blocks of 64 KiB, which takes half as long again and saves nothing.
			zstd.WithWindowSize(chunk.FrameSize),
			zstd.WithEncoderLevel(speed),
			zstd.WithEncoderConcurrency(procs),
			zstd.WithLowerEncoderMem(true),
			zstd.WithEncoderCRC(false), // frames are authenticated and hashed
		)
		if err != nil {
			return nil, fmt.Errorf("set up compression: %w", err)
		}
	}
	c.decoder, err = zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(procs),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(chunk.MaxSize),
		zstd.WithDecodeAllCapLimit(true), // never more than the table says
	)
	if err != nil {
		return nil, fmt.Errorf("set up decompression: %w", err)
	}
	return c, nil
}

// Close frees what the codec keeps. It must not be used afterwards.
func (c *Codec) Close() {
	c.decoder.Close()
	if c.encoder != nil {
		_ = c.encoder.Close() // nothing is pending: only whole frames are encoded
	}
}

// Compress compresses one frame. Where that saves enough, it appends the
// result to dst and returns it with Zstd; else it returns dst unchanged with
// Raw, and the frame is to be stored as it is. Nothing is guessed beforehand:
// the encoder gives up on noise and archives at ten times the speed of their
// hashing, and a guess from samples would miss what repeats over a distance.
func (c *Codec) Compress(dst, src []byte) (out []byte, comp uint8) {
	if c.encoder == nil || len(src) < minCompress {
		return dst, Raw
	}
	out = c.encoder.EncodeAll(src, dst)
	if len(out)-len(dst) > len(src)-len(src)/leastSaving {
		return out[:len(dst)], Raw
	}
	return out, Zstd
}

const (
	minCompress = 32 // a zstd frame's own header would eat the gain
	leastSaving = 32 // less than one part in this many is not worth decoding
)

// slack is how many bytes behind a plaintext the decoder may write to: with so
// much room it copies in whole words and need not look where each one ends.
const slack = 16

// Decompress appends the plaintext of a zstd frame to dst. A plaintext that is
// not plainLen bytes long is an error; no more than that, and some bytes of
// slack, is ever allocated. What follows dst in its array may be overwritten.
func (c *Codec) Decompress(dst, src []byte, plainLen int) ([]byte, error) {
	dst = grow(dst, plainLen+slack)
	end := len(dst) + plainLen
	out, err := c.decoder.DecodeAll(src, dst[:len(dst):end+slack])
	if err != nil {
		return dst, err
	}
	if len(out) != end {
		return dst, fmt.Errorf("%d bytes of plaintext instead of %d", len(out)-len(dst), plainLen)
	}
	return dst[:end], nil
}

func grow(p []byte, n int) []byte {
	if cap(p)-len(p) >= n {
		return p
	}
	bigger := make([]byte, len(p), len(p)+n)
	copy(bigger, p)
	return bigger
}
