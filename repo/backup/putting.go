package backup

import (
	"context"
	"sync"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// ahead is how many chunks of one file are stored while the next is cut.
const ahead = 2

// putting stores the chunks of one file, a few at once, and lists them in
// order.
type putting struct {
	ctx   context.Context
	x     *run
	list  *tree.ListWriter
	queue []*put // in order, not yet listed
	wg    sync.WaitGroup
}

// put is a chunk on its way, or a hole.
type put struct {
	done chan struct{}
	ref  chunk.Ref
	err  error
	hole uint64
}

func newPutting(ctx context.Context, x *run, list *tree.ListWriter) *putting {
	return &putting{ctx: ctx, x: x, list: list}
}

// chunk stores a copy of piece.
func (p *putting) chunk(piece []byte) error {
	if len(p.queue) >= ahead {
		if err := p.next(); err != nil {
			return err
		}
	}
	buf := p.x.pieces.get(len(piece))
	copy(buf, piece)
	q := &put{done: make(chan struct{})}
	p.queue = append(p.queue, q)
	p.wg.Go(func() {
		q.ref, q.err = p.x.put.Put(p.ctx, chunk.Data, buf)
		p.x.pieces.put(buf)
		close(q.done)
	})
	return nil
}

// hole notes n zero bytes.
func (p *putting) hole(n uint64) error {
	if n > 0 {
		p.queue = append(p.queue, &put{hole: n})
	}
	return nil
}

// next lists the oldest of the queue.
func (p *putting) next() error {
	q := p.queue[0]
	p.queue = p.queue[1:]
	if q.hole > 0 {
		return p.list.AddHole(q.hole)
	}
	<-q.done
	if q.err != nil {
		return q.err
	}
	return p.list.AddChunk(p.ctx, q.ref)
}

// finish lists all that is left.
func (p *putting) finish() error {
	for len(p.queue) > 0 {
		if err := p.next(); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for what is under way; after an error chunks may still be.
func (p *putting) wait() { p.wg.Wait() }

// keptPieces is how many copies are kept: as many as two readers have under way.
const keptPieces = 2 * ahead

// pieces keeps the copies of chunks for reuse.
type pieces struct {
	mu   sync.Mutex
	free [][]byte
}

func (s *pieces) get(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, b := range s.free {
		if cap(b) >= n {
			last := len(s.free) - 1
			s.free[i] = s.free[last]
			s.free = s.free[:last]
			return b[:n]
		}
	}
	return make([]byte, n, (n+1<<20-1)>>20<<20)
}

func (s *pieces) put(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) < keptPieces {
		s.free = append(s.free, b)
	}
}
