package chunk

import (
	"context"
	"fmt"
	"sync/atomic"
)

// hold says what becomes of a run's bytes in the hands of who asked for them.
type hold int

const (
	keeping hold = iota // for as long as they like
	lending             // until they are given back
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
	taken   atomic.Bool   // somebody fetches it; false while it only waits in the queue
	visited atomic.Bool   // asked for again since the eviction hand passed
	data    []byte
	err     error

	// Guarded by the shard's mutex:
	newer, older *run   // in the shard's list
	frame        []byte // memory of the cache's in which data lies, if any
	loans        int    // not given back yet
	kept         bool   // somebody may keep the bytes for ever
	dropped      bool
}

// holdAs notes how the bytes will be used; the caller holds the shard's mutex.
func (r *run) holdAs(how hold) {
	if how == lending {
		r.loans++
	} else {
		r.kept = true
	}
}

func newRun(ref Ref, first, end int) *run {
	return &run{
		ref: ref, first: first, end: end,
		size: min(end*FrameSize, int(ref.Size)) - first*FrameSize,
		done: make(chan struct{}),
	}
}

// wait returns when the run is there.
func (r *run) wait(ctx context.Context) error {
	if !r.ready.Load() {
		select {
		case <-r.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return r.err
}

// start returns the run that holds a frame, held as how says; where there is
// none it makes one and fetches it. The caller has put a token into fetches;
// start, or the fetch, takes it out again. So there are never more of them.
func (c *Cached) start(ref Ref, frame, end int, how hold) (*run, error) {
	s, r, err := c.make(ref, frame, end, true, func(r *run) { r.holdAs(how) })
	if s == nil {
		<-c.fetches
		return r, err
	}
	go func() {
		defer func() { <-c.fetches }()
		c.finish(s, r)
	}()
	return r, nil
}

// make returns the run that holds a frame. Where there is none it makes one
// that is still to be fetched, by the caller where it is taken, and returns its
// shard too. held is called with the run under the shard's mutex.
func (c *Cached) make(ref Ref, frame, end int, taken bool, held func(*run)) (*shard, *run, error) {
	s := c.shard(ref)
	s.mu.Lock()
	if r := s.runs[place{ref, frame}]; r != nil { // another was faster
		held(r)
		s.mu.Unlock()
		return nil, r, nil
	}
	if !c.begin() {
		s.mu.Unlock()
		return nil, nil, errClosed
	}
	stop := frame + 1
	for stop < end && s.runs[place{ref, stop}] == nil {
		stop++
	}
	r := newRun(ref, frame, stop)
	r.taken.Store(taken)
	held(r)
	s.add(r)
	s.mu.Unlock()

	c.bytes.Add(int64(r.size))
	c.evict(c.limit)
	return s, r, nil
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

// finish fetches a run that was begun, and counts it as done.
func (c *Cached) finish(s *shard, r *run) {
	defer c.under.Done()
	c.fetch(s, r)
}

// fetch fills a run and wakes those who wait for it.
func (c *Cached) fetch(s *shard, r *run) {
	p, frame, err := c.read(r)
	if err == nil && len(p) != r.size {
		err = fmt.Errorf("%v: asked for %d bytes, got %d", r.ref, r.size, len(p))
	}
	if err != nil && c.ctx.Err() != nil {
		err = errClosed
	}
	r.data, r.frame, r.err = p, frame, err
	// Before the run is ready nobody else can drop it. Where it doesn't fit
	// beside what is being fetched, who waits gets it and it isn't kept.
	if err == nil {
		c.evict(c.limit)
	}
	if err != nil || c.bytes.Load() > c.limit {
		s.mu.Lock()
		s.remove(r)
		c.reuse(r)
		s.mu.Unlock()
		c.bytes.Add(-int64(r.size))
	}
	r.ready.Store(true)
	close(r.done)
}

// read asks the inner Getter, for a whole frame into spare memory where it can
// do that; frame is that memory.
func (c *Cached) read(r *run) (p, frame []byte, err error) {
	if c.into == nil || r.size != FrameSize {
		p, err = c.inner.GetRange(c.ctx, r.ref, r.first*FrameSize, r.size)
		return p, nil, err
	}
	frame = c.frames.get()
	p, err = c.into.AppendRange(c.ctx, frame, r.ref, r.first*FrameSize, r.size)
	return p, frame, err
}
