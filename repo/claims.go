package repo

import (
	"sync"

	"ivyvault/chunk"
)

// claims holds the chunks of one write that no index file names yet, so that
// of two goroutines with the same new chunk one stores it. It is cut into
// shards because every Put asks it.
type claims struct {
	shards [16]struct {
		mu  sync.Mutex
		set map[chunk.Ref]struct{}
	}
}

func (c *claims) init() {
	for i := range c.shards {
		c.shards[i].set = map[chunk.Ref]struct{}{}
	}
}

// claim reports whether the caller is the first and has to store the chunk.
func (c *claims) claim(ref chunk.Ref) bool {
	s := &c.shards[ref.ID[0]&15]
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.set[ref]; ok {
		return false
	}
	s.set[ref] = struct{}{}
	return true
}

// release forgets a chunk that an index file names by now.
func (c *claims) release(ref chunk.Ref) {
	s := &c.shards[ref.ID[0]&15]
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.set, ref)
}
