package chunk

import (
	"context"
	"fmt"
	"sync/atomic"
)

// run is some frames of a chunk that follow one another and were, or are
// being, fetched by one call. It is dropped as a whole, since its frames share
// one piece of memory.
type run struct {
	ref   Ref
	first int // frame
	end   int // frame after the last
	size  int // bytes

	done    chan struct{} // closed when data or err is there
	ready   atomic.Bool   // the same, without a select
	visited atomic.Bool   // asked for again since the eviction hand passed
	data    []byte
	err     error

	newer, older *run // in the shard's list, guarded by its mutex
}

func newRun(ref Ref, first, end int) *run {
	return &run{
		ref: ref, first: first, end: end,
		size: min(end*FrameSize, int(ref.Size)) - first*FrameSize,
		done: make(chan struct{}),
	}
}

// wait returns the run when it is there.
func (r *run) wait(ctx context.Context) (*run, error) {
	if !r.ready.Load() {
		select {
		case <-r.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return r, r.err
}

// start returns the run that holds a frame; where there is none it makes one
// and fetches it. The caller has put a token into slots; start, or the fetch,
// takes it out again. So there are never more fetches than slots.
func (c *Cached) start(ref Ref, frame, end int, slots chan struct{}) (*run, error) {
	s := c.shard(ref)
	s.mu.Lock()
	if r := s.runs[place{ref, frame}]; r != nil { // another was faster
		s.mu.Unlock()
		<-slots
		return r, nil
	}
	if !c.begin() {
		s.mu.Unlock()
		<-slots
		return nil, errClosed
	}
	stop := frame + 1
	for stop < end && s.runs[place{ref, stop}] == nil {
		stop++
	}
	r := newRun(ref, frame, stop)
	s.add(r)
	s.mu.Unlock()

	c.bytes.Add(int64(r.size))
	c.evict(c.limit)
	go func() {
		defer c.under.Done()
		defer func() { <-slots }()
		c.fetch(s, r)
	}()
	return r, nil
}

// begin counts a fetch, unless the cache is closed.
func (c *Cached) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.under.Add(1)
	return true
}

// fetch fills a run and wakes those who wait for it.
func (c *Cached) fetch(s *shard, r *run) {
	p, err := c.inner.GetRange(c.ctx, r.ref, r.first*FrameSize, r.size)
	if err == nil && len(p) != r.size {
		err = fmt.Errorf("%v: asked for %d bytes, got %d", r.ref, r.size, len(p))
	}
	if err != nil && c.ctx.Err() != nil {
		err = errClosed
	}
	r.data, r.err = p, err
	// Before the run is ready nobody else can drop it. Where it doesn't fit
	// beside what is being fetched, who waits gets it and it isn't kept.
	if err == nil {
		c.evict(c.limit)
	}
	if err != nil || c.bytes.Load() > c.limit {
		s.mu.Lock()
		s.remove(r)
		s.mu.Unlock()
		c.bytes.Add(-int64(r.size))
	}
	r.ready.Store(true)
	close(r.done)
}
