package chunk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// How much a Cached does at once. A fetch mostly waits for the store, so there
// may be many; what is read ahead must leave room for what is asked for. More
// than is read ahead at once may wait for its turn, so that there is always
// something to do while a sequential reader is busy with what it got.
const (
	maxFetches   = 64
	maxPrefetch  = 8
	maxQueued    = 32
	cachedShards = 16
)

var errClosed = errors.New("the chunk cache is closed")

// Cached is a Getter over a Getter that keeps what it read: verified plaintext
// in runs of whole frames, as they were fetched, bounded by bytes.
//
// What several ask for at once is fetched once. A fetch belongs to the cache
// and not to who asked first: one who gives up gets the error of its context,
// the others get their bytes. Errors are passed on to those who wait and are
// not kept.
//
// The bytes that it returns are shared, nobody may change them. They stay
// valid after they are dropped from the cache, but for those that Lend returns:
// their memory is used again once they are dropped and given back.
type Cached struct {
	inner   Getter
	into    Appender // inner, where it can fill memory of the cache's
	limit   int64
	bytes   atomic.Int64 // of all runs, those being fetched included
	shards  [cachedShards]shard
	hand    atomic.Uint32 // the shard to evict from next
	fetches chan struct{} // one for each fetch under way that somebody waits for
	ahead   chan struct{} // one for each run in queue: there is always room in it
	queue   chan *run     // to be read ahead, in this order
	workers chan struct{} // one for each who works on queue
	frames  spare

	ctx    context.Context // of all fetches, ends with Close
	cancel context.CancelFunc
	mu     sync.Mutex // closed, and Add of under
	closed bool
	under  sync.WaitGroup // fetches under way
}

var _ Getter = (*Cached)(nil)

// NewCached returns a cache of up to limit bytes of plaintext over inner. Not
// counted are the bytes that callers hold on to; and while one fetch or several
// are under way that alone need more than limit, it is exceeded by what they
// need. Call Close at the end.
func NewCached(inner Getter, limit int) *Cached {
	c := &Cached{
		inner:   inner,
		limit:   int64(limit),
		fetches: make(chan struct{}, maxFetches),
		ahead:   make(chan struct{}, maxQueued),
		queue:   make(chan *run, maxQueued),
		workers: make(chan struct{}, maxPrefetch),
		frames:  newSpare(),
	}
	c.into, _ = inner.(Appender)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	for i := range c.shards {
		c.shards[i].runs = make(map[place]*run)
	}
	return c
}

// Close ends the fetches that are under way, waits for them, and drops all.
// Those who wait get an error, as all who ask afterwards.
func (c *Cached) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.under.Wait()
	c.evict(0)
}

// Bytes returns how many bytes are cached or being fetched.
func (c *Cached) Bytes() int64 { return c.bytes.Load() }

// Get returns the whole chunk, without a copy where it was fetched as one.
func (c *Cached) Get(ctx context.Context, ref Ref) ([]byte, error) {
	return c.GetRange(ctx, ref, 0, int(ref.Size))
}

// GetRange returns a part of the chunk. Frames that follow one another and are
// missing are fetched by one call of the inner GetRange. There is no copy
// where the part lies in what was fetched at once.
func (c *Cached) GetRange(ctx context.Context, ref Ref, off, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > int(ref.Size)-n {
		return nil, fmt.Errorf("%v: there are no %d bytes at %d, it has %d", ref, n, off, ref.Size)
	}
	if n == 0 {
		return []byte{}, nil
	}
	var out []byte
	for at, end := off, off+n; ; {
		r, err := c.holding(ctx, ref, at/FrameSize, Frames(end), keeping)
		if err != nil {
			return nil, err
		}
		p := r.data[at-r.first*FrameSize:]
		if at == off && len(p) >= n {
			return p[:n:n], nil
		}
		if out == nil {
			out = make([]byte, 0, n)
		}
		p = p[:min(len(p), end-at)]
		out = append(out, p...)
		if at += len(p); at == end {
			return out, nil
		}
	}
}

// holding returns a finished run that holds a frame, to be held as how says.
// Where it must be fetched, the missing frames after it, up to end, are fetched
// with it.
func (c *Cached) holding(ctx context.Context, ref Ref, frame, end int, how hold) (*run, error) {
	s := c.shard(ref)
	r := s.find(ref, frame, how)
	if r == nil {
		select {
		case c.fetches <- struct{}{}:
		default:
			select {
			case c.fetches <- struct{}{}:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		var err error
		if r, err = c.start(ref, frame, end, how); err != nil {
			return nil, err
		}
	}
	if !r.taken.Load() && r.taken.CompareAndSwap(false, true) {
		// It is to be read ahead, but nobody got to it: that would be too late.
		go c.finish(s, r)
	}
	if err := r.wait(ctx); err != nil {
		if how == lending {
			c.giveBack(s, r)
		}
		return nil, err
	}
	return r, nil
}

// Prefetch begins to read a part of a chunk that will be asked for soon, and
// returns at once. It is best effort: where enough is being read ahead it does
// nothing, errors are met again by who asks. It reports whether the part's
// first missing frame, if any, is on its way.
func (c *Cached) Prefetch(ref Ref, off, n int) bool {
	off = max(off, 0)
	n = min(n, int(ref.Size)-off)
	if n <= 0 {
		return true
	}
	s := c.shard(ref)
	for f, end := off/FrameSize, Frames(off+n); f < end; f++ {
		if s.peek(ref, f) {
			continue
		}
		select {
		case c.ahead <- struct{}{}:
			return c.enqueue(ref, f, end)
		default:
			return false
		}
	}
	return true
}
