package local

import "ivyvault/repo/store"

// Bounds of the memory that is kept for later reads: small pieces cost little
// anyway, and of large ones there would be much.
const (
	leastSpare = 8 << 10
	mostSpare  = 256 << 10
	maxSpare   = 16 // pieces
)

var _ store.Reuser = (*Store)(nil)

// Reuse implements store.Reuser.
func (s *Store) Reuse(p []byte) {
	if cap(p) < leastSpare || cap(p) > mostSpare {
		return
	}
	select {
	case s.spare <- p:
	default:
	}
}

// buffer returns n bytes to read into. A piece of spare memory that is too short
// is dropped, so that in time those are there that fit.
func (s *Store) buffer(n int64) []byte {
	if n >= leastSpare && n <= mostSpare {
		select {
		case p := <-s.spare:
			if int64(cap(p)) >= n {
				return p[:n]
			}
		default:
		}
	}
	return make([]byte, n)
}
