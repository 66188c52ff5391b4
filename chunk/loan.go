package chunk

import "context"

// Appender is a Getter that can put what it reads into memory of the caller's.
type Appender interface {
	// AppendRange is GetRange, appended to dst. What follows dst in its array
	// may be overwritten. Where there is not enough room, memory is allocated as
	// append does.
	AppendRange(ctx context.Context, dst []byte, ref Ref, off, n int) ([]byte, error)
}

// Loan is a part of a chunk in memory of the cache's. It must be given back
// with Return, once; Bytes must not be used afterwards, nor ever be changed.
// The zero Loan is empty.
type Loan struct {
	Bytes []byte
	cache *Cached
	shard *shard
	run   *run
}

// Return gives the bytes back.
func (l *Loan) Return() {
	if l.run != nil {
		l.cache.giveBack(l.shard, l.run)
		l.run, l.Bytes = nil, nil
	}
}

// Lend is GetRange for a reader who is done with the bytes soon: without a
// change of what is read and cached, long files then go through the same memory
// all the time instead of leaving it to the collector.
func (c *Cached) Lend(ctx context.Context, ref Ref, off, n int) (Loan, error) {
	if n > 0 && off >= 0 && off <= int(ref.Size)-n && off/FrameSize == (off+n-1)/FrameSize {
		frame := off / FrameSize
		r, err := c.holding(ctx, ref, frame, frame+1, lending)
		if err != nil {
			return Loan{}, err
		}
		at := off - r.first*FrameSize
		return Loan{r.data[at : at+n : at+n], c, c.shard(ref), r}, nil
	}
	p, err := c.GetRange(ctx, ref, off, n)
	return Loan{Bytes: p}, err
}

// giveBack ends a loan of a run.
func (c *Cached) giveBack(s *shard, r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.loans--
	c.reuse(r)
}

// reuse takes the memory of a run back once nobody can read it any more; the
// caller holds the mutex of the shard, and calls it whenever that may have come
// true.
func (c *Cached) reuse(r *run) {
	if r.dropped && r.loans == 0 && !r.kept && r.frame != nil {
		c.frames.put(r.frame)
		r.frame = nil
	}
}

// spare is memory for frames that is used again and again.
type spare struct{ free chan []byte }

const (
	maxSpare = 32
	// spareSize leaves room behind a frame, in which decoders may write: with it
	// they are faster.
	spareSize = FrameSize + 64
)

func newSpare() spare { return spare{make(chan []byte, maxSpare)} }

// get returns an empty slice with room for a frame.
func (s spare) get() []byte {
	select {
	case b := <-s.free:
		return b
	default:
		return make([]byte, 0, spareSize)
	}
}

func (s spare) put(b []byte) {
	select {
	case s.free <- b[:0]:
	default:
	}
}
