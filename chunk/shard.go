package chunk

import "sync"

// place is a frame of a chunk.
type place struct {
	ref   Ref
	frame int
}

// shard is a part of the cache: the runs of some chunks, in the order in which
// they came. Which to drop is decided by SIEVE: a hand goes from the oldest to
// the newest, drops the first run that nobody asked for since it last passed,
// and stays there for the next time. Someone who reads much once, a backup
// being restored, so doesn't drive out what is asked for again and again; and
// a hit moves nothing.
type shard struct {
	mu             sync.Mutex
	runs           map[place]*run
	newest, oldest *run
	hand           *run // nil: at the oldest
}

func (c *Cached) shard(ref Ref) *shard { return &c.shards[ref.ID[0]%cachedShards] }

// find returns the run that holds a frame, or nil; it is marked as wanted and
// held as how says.
func (s *shard) find(ref Ref, frame int, how hold) *run {
	s.mu.Lock()
	r := s.runs[place{ref, frame}]
	if r != nil {
		r.holdAs(how)
	}
	s.mu.Unlock()
	if r != nil && !r.visited.Load() {
		r.visited.Store(true)
	}
	return r
}

// peek reports whether a frame is there or on its way.
func (s *shard) peek(ref Ref, frame int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[place{ref, frame}] != nil
}

// add makes a run known; the caller holds mu, as for all below.
func (s *shard) add(r *run) {
	for f := r.first; f < r.end; f++ {
		s.runs[place{r.ref, f}] = r
	}
	r.older = s.newest
	if s.newest != nil {
		s.newest.newer = r
	} else {
		s.oldest = r
	}
	s.newest = r
}

func (s *shard) remove(r *run) {
	for f := r.first; f < r.end; f++ {
		delete(s.runs, place{r.ref, f})
	}
	if s.hand == r {
		s.hand = r.newer
	}
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		s.oldest = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		s.newest = r.older
	}
	r.newer, r.older = nil, nil
	r.dropped = true
}

// drop removes the run that is to go next and returns it; nil where none can
// go, since all are being fetched.
func (s *shard) drop() *run {
	// The first time past everything may only take the marks off, and while
	// readers are at work new ones appear behind the hand: the last time marks
	// don't count.
	for passes := 0; passes < 3; {
		r := s.hand
		if r == nil {
			if r = s.oldest; r == nil {
				return nil
			}
		}
		if r.ready.Load() && (!r.visited.Swap(false) || passes == 2) {
			s.hand = r
			s.remove(r)
			return r
		}
		if s.hand = r.newer; s.hand == nil {
			passes++
		}
	}
	return nil
}

// evict drops runs until no more than limit bytes are left or nothing can be
// dropped. The shards take turns.
func (c *Cached) evict(limit int64) {
	for idle := 0; c.bytes.Load() > limit && idle < cachedShards; {
		s := &c.shards[c.hand.Add(1)%cachedShards]
		s.mu.Lock()
		r := s.drop()
		if r != nil {
			c.reuse(r)
		}
		s.mu.Unlock()
		if r == nil {
			idle++
			continue
		}
		idle = 0
		c.bytes.Add(-int64(r.size))
	}
}
