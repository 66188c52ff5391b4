package chunk

import (
	"fmt"
	"io"

	chunkers "github.com/PlakarKorp/go-cdc-chunkers"
	_ "github.com/PlakarKorp/go-cdc-chunkers/chunkers/fastcdc" // registers the algorithm
)

// gear cuts by FastCDC: a gear hash whose table is derived from the key.
type gear struct {
	c    *chunkers.Chunker
	last bool
}

var _ reusable = (*gear)(nil)

func fastCDC(c Cut, key [32]byte) (func() any, error) {
	make := func() (*gear, error) {
		opt := &chunkers.ChunkerOpts{MinSize: c.Min, NormalSize: c.Avg, MaxSize: c.Max, Key: key[:]}
		in, err := chunkers.NewChunkerBuffer("fastcdc-v1.0.0", empty{}, opt, make([]byte, c.Max+c.Max/2))
		if err != nil {
			return nil, fmt.Errorf("prepare the cutting of files by %s: %w", FastCDC, err)
		}
		return &gear{c: in}, nil
	}
	if _, err := make(); err != nil {
		return nil, err
	}
	return func() any {
		g, err := make()
		if err != nil {
			panic(err) // the same call succeeded before
		}
		return g
	}, nil
}

func (g *gear) begin(r io.Reader) {
	g.c.Reset(r)
	g.last = false
}

// Next irons out that the library returns a short last chunk together with
// io.EOF.
func (g *gear) Next() ([]byte, error) {
	if g.last {
		return nil, io.EOF
	}
	p, err := g.c.Next()
	if err == io.EOF && len(p) > 0 {
		g.last, err = true, nil
	}
	return p, err
}
