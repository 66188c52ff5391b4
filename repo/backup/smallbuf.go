package backup

import "sync"

// classes are the sizes of the buffers for small contents, in bytes; each holds
// one byte more than a content of its size, which tells that a file has grown.
var classes = [...]int{4<<10 + 1, 16<<10 + 1, 64<<10 + 1, maxSmall + 1}

// smallBuffers keeps buffers for contents that go into bundles. A pool for each
// size: one pool for all would grow every buffer to the largest size.
type smallBuffers struct {
	mu   sync.Mutex
	free [len(classes)][][]byte
}

// class returns the number of the least class that holds n bytes and one more.
func class(n int) int {
	for i, size := range classes {
		if n < size {
			return i
		}
	}
	return len(classes) - 1
}

// get returns a buffer for a content of n bytes.
func (s *smallBuffers) get(n int) []byte {
	c := class(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free[c]) - 1; last >= 0 {
		b := s.free[c][last]
		s.free[c] = s.free[c][:last]
		return b
	}
	return make([]byte, classes[c])
}

// put takes a buffer back.
func (s *smallBuffers) put(b []byte) {
	c := class(cap(b) - 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free[c] = append(s.free[c], b[:cap(b)])
}
