package backup

import "sync"

// classes are the sizes of the buffers for small contents, in bytes. The largest
// holds what a batch may have to read: less than batchBytes, one more content,
// and for each of its files one byte more, which tells that the file has grown.
var classes = [...]int{8 << 10, 64 << 10, 192 << 10, batchBytes + maxSmall + 2*batchLength}

// smallBuffers keeps buffers for contents that go into bundles: one for all
// contents of a batch, so that those of tiny files lie side by side, and one for
// a file that has grown. A list for each size: one list for all would grow every
// buffer to the largest size.
type smallBuffers struct {
	mu   sync.Mutex
	free [len(classes)][][]byte
}

// class returns the number of the least class that holds n bytes.
func class(n int) int {
	for i, size := range classes {
		if n <= size {
			return i
		}
	}
	return len(classes) - 1
}

// get returns a buffer of n bytes or more.
func (s *smallBuffers) get(n int) []byte {
	c := class(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free[c]) - 1; last >= 0 {
		b := s.free[c][last]
		s.free[c] = s.free[c][:last]
		return b
	}
	return make([]byte, max(n, classes[c]))
}

// put takes a buffer back, if there is one.
func (s *smallBuffers) put(b []byte) {
	if b == nil {
		return
	}
	c := class(cap(b))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free[c] = append(s.free[c], b[:cap(b)])
}
