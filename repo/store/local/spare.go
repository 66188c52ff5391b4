package local

import (
	"sync"

	"ivyvault/repo/store"
)

// Bounds of the memory that is kept for later reads: small pieces cost little
// anyway, and of large ones there must not be many.
const (
	leastSpare = 8 << 10
	maxPieces  = 16
	maxSpare   = 12 << 20 // bytes of all pieces
)

// spare is memory that was read into and given back.
type spare struct {
	mu     sync.Mutex
	pieces [][]byte
	bytes  int
}

var _ store.Reuser = (*Store)(nil)

// Reuse implements store.Reuser.
func (s *Store) Reuse(p []byte) {
	if cap(p) >= leastSpare {
		s.spare.put(p)
	}
}

// buffer returns n bytes to read into.
func (s *Store) buffer(n int64) []byte {
	if n >= leastSpare && n <= maxSpare {
		if p := s.spare.take(int(n)); p != nil {
			return p
		}
	}
	return make([]byte, n)
}

func (s *spare) put(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pieces) < maxPieces && s.bytes+cap(p) <= maxSpare {
		s.pieces = append(s.pieces, p)
		s.bytes += cap(p)
	}
}

// take returns n bytes of the smallest piece that has as many, or nil. Where
// all are too short, one of them goes, so that in time those are there that fit.
func (s *spare) take(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := -1
	for i, p := range s.pieces {
		if cap(p) >= n && (best < 0 || cap(p) < cap(s.pieces[best])) {
			best = i
		}
	}
	if best < 0 {
		s.drop(0)
		return nil
	}
	return s.drop(best)[:n]
}

// drop takes a piece out, if there is such a one.
func (s *spare) drop(i int) []byte {
	if i >= len(s.pieces) {
		return nil
	}
	p, last := s.pieces[i], len(s.pieces)-1
	s.pieces[i], s.pieces[last] = s.pieces[last], nil
	s.pieces = s.pieces[:last]
	s.bytes -= cap(p)
	return p
}
