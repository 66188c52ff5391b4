package backup

import (
	"context"
	"sync"
)

// budget bounds the bytes that are in memory between two stages. One holder
// may always exceed it, so a single large request never waits for ever.
type budget struct {
	mu    sync.Mutex
	free  int
	whole int
	wake  chan struct{}
}

func newBudget(n int) *budget { return &budget{free: n, whole: n, wake: make(chan struct{}, 1)} }

// take waits until n bytes are free. Only one goroutine takes.
func (b *budget) take(ctx context.Context, n int) error {
	for {
		b.mu.Lock()
		if b.free >= n || b.free == b.whole {
			b.free -= n
			b.mu.Unlock()
			return nil
		}
		b.mu.Unlock()
		select {
		case <-b.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// give returns n bytes.
func (b *budget) give(n int) {
	b.mu.Lock()
	b.free += n
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
