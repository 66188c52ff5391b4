package sourcetest

import (
	"context"
	"iter"
	"sync/atomic"

	"ivyvault/sources"
)

// Watched is a Source over a Source that counts captures and their closing,
// for tests of those who use sources.
type Watched struct {
	sources.Source
	Captured, Closed, ClosedDead atomic.Int64 // ClosedDead: under an ended context
}

var _ sources.Source = (*Watched)(nil)

// Capture captures and counts.
func (w *Watched) Capture(ctx context.Context) (sources.Capture, error) {
	c, err := w.Source.Capture(ctx)
	if err != nil {
		return nil, err
	}
	w.Captured.Add(1)
	return &watched{c, w}, nil
}

type watched struct {
	inner sources.Capture
	w     *Watched
}

var _ sources.Capture = (*watched)(nil)

func (c *watched) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return c.inner.Entries(ctx)
}

func (c *watched) Close(ctx context.Context) error {
	c.w.Closed.Add(1)
	if ctx.Err() != nil {
		c.w.ClosedDead.Add(1)
	}
	return c.inner.Close(ctx)
}
