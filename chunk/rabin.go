package chunk

import (
	"fmt"
	"io"
	"math/bits"

	"github.com/restic/chunker"
	"github.com/zeebo/blake3"
)

// fingerprint cuts by a Rabin fingerprint.
type fingerprint struct {
	c   *chunker.Chunker
	cut Cut
	pol chunker.Pol
	buf []byte
}

var _ reusable = (*fingerprint)(nil)

// rabin draws polynomials from the key's endless digest until one is
// irreducible, so the key alone decides which.
func rabin(c Cut, key [32]byte) (func() any, error) {
	h, err := blake3.NewKeyed(key[:])
	if err != nil {
		return nil, err
	}
	pol, err := chunker.DerivePolynomial(h.Digest())
	if err != nil {
		return nil, fmt.Errorf("prepare the cutting of files by %s: %w", Rabin, err)
	}
	return func() any {
		f := &fingerprint{cut: c, pol: pol, buf: make([]byte, 0, c.Max)}
		f.c = chunker.NewWithBoundaries(empty{}, pol, uint(c.Min), uint(c.Max))
		return f
	}, nil
}

func (f *fingerprint) begin(r io.Reader) {
	f.c.ResetWithBoundaries(r, f.pol, uint(f.cut.Min), uint(f.cut.Max))
	f.c.SetAverageBits(bits.TrailingZeros(uint(f.cut.Avg)))
}

func (f *fingerprint) Next() ([]byte, error) {
	p, err := f.c.Next(f.buf)
	if err != nil {
		return nil, err
	}
	return p.Data, nil
}
