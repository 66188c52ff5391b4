package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"io"
	"math/bits"
	"math/rand/v2"

	chunkers "github.com/PlakarKorp/go-cdc-chunkers"
	_ "github.com/PlakarKorp/go-cdc-chunkers/chunkers/fastcdc" // registers the algorithm
	"github.com/klauspost/compress/zstd"
	"github.com/restic/chunker"
	"github.com/zeebo/blake3"

	"ivyvault/bench/data"
)

func noise(n int) []byte {
	p := make([]byte, n)
	var key [32]byte
	rand.NewChaCha8(key).Read(p)
	return p
}

func memory(_ context.Context, s settings, say func(string, float64, string)) error {
	from := noise(s.size)
	to := bytes.Clone(from) // its pages are there
	took, err := best(s.tries, func() error { copy(to, from); return nil })
	say("copy", speed(s.size, took), "GB/s")
	return err
}

// What chunks measure by default: least, average and greatest.
const (
	chunkMin = 512 << 10
	chunkAvg = 1 << 20
	chunkMax = 4 << 20
)

func splitters(_ context.Context, s settings, say func(string, float64, string)) error {
	p := noise(s.size)
	took, err := best(s.tries, func() error {
		key := make([]byte, 32)
		opt := &chunkers.ChunkerOpts{MinSize: chunkMin, NormalSize: chunkAvg, MaxSize: chunkMax, Key: key}
		c, err := chunkers.NewChunkerBuffer("fastcdc-v1.0.0", bytes.NewReader(p), opt, make([]byte, chunkMax+chunkMax/2))
		if err != nil {
			return err
		}
		for {
			if _, err := c.Next(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	say("FastCDC, keyed", speed(s.size, took), "GB/s")
	took, err = best(s.tries, func() error {
		c := chunker.NewWithBoundaries(bytes.NewReader(p), chunker.Pol(0x3DA3358B4DC173), chunkMin, chunkMax)
		c.SetAverageBits(bits.TrailingZeros(chunkAvg))
		buf := make([]byte, 0, chunkMax)
		for {
			if _, err := c.Next(buf); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
	say("Rabin, restic/chunker", speed(s.size, took), "GB/s")
	return err
}

func crypto(_ context.Context, s settings, say func(string, float64, string)) error {
	const block = 128 << 10
	p := noise(s.size)
	each := func(name string, does func(block []byte)) error {
		took, err := best(s.tries, func() error {
			for b := p; len(b) > 0; b = b[min(block, len(b)):] {
				does(b[:min(block, len(b))])
			}
			return nil
		})
		say(name, speed(s.size, took), "GB/s")
		return err
	}
	if err := each("BLAKE3 of 128 KiB", func(b []byte) { blake3.Sum256(b) }); err != nil {
		return err
	}
	if err := each("SHA-256 of 128 KiB", func(b []byte) { sha256.Sum256(b) }); err != nil {
		return err
	}
	c, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		return err
	}
	gcm, err := cipher.NewGCM(c)
	if err != nil {
		return err
	}
	nonce, out := make([]byte, gcm.NonceSize()), make([]byte, 0, block+gcm.Overhead())
	return each("AES-256-GCM of 128 KiB", func(b []byte) { gcm.Seal(out, nonce, b, nil) })
}

// zstandard works on frames as they are stored.
func zstandard(_ context.Context, s settings, say func(string, float64, string)) error {
	const block = 128 << 10
	for _, kind := range []struct {
		name string
		p    []byte
	}{{"text", data.Text(1, s.size/4)}, {"noise", noise(s.size)}} {
		for _, level := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault} {
			enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
			if err != nil {
				return err
			}
			var frames [][]byte
			room := make([]byte, 0, block+block/2)
			stored := 0
			took, err := best(s.tries, func() error {
				stored = 0
				for b := kind.p; len(b) > 0; b = b[min(block, len(b)):] {
					stored += len(enc.EncodeAll(b[:min(block, len(b))], room))
				}
				return nil
			})
			if err != nil {
				return err
			}
			say(kind.name+", "+level.String(), speed(len(kind.p), took), "GB/s")
			say(kind.name+", "+level.String()+", what is left", 100*float64(stored)/float64(len(kind.p)), "%")
			if kind.name != "text" || level != zstd.SpeedFastest {
				continue
			}
			for b := kind.p; len(b) > 0; b = b[min(block, len(b)):] {
				frames = append(frames, enc.EncodeAll(b[:min(block, len(b))], nil))
			}
			dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
			if err != nil {
				return err
			}
			took, err = best(s.tries, func() error {
				for _, f := range frames {
					if _, err := dec.DecodeAll(f, room); err != nil {
						return err
					}
				}
				return nil
			})
			dec.Close()
			if err != nil {
				return err
			}
			say(kind.name+", decoding", speed(len(kind.p), took), "GB/s")
		}
	}
	return nil
}
