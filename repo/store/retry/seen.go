package retry

import "hash/maphash"

// seen is a set of names that costs some 20 bytes each, whatever their length:
// it holds 128 bits of seeded hash, so that no two names of a list meet.
type seen struct {
	a, b maphash.Seed
	set  map[[2]uint64]struct{}
}

func newSeen() *seen {
	return &seen{maphash.MakeSeed(), maphash.MakeSeed(), map[[2]uint64]struct{}{}}
}

// add reports whether the name was not in the set.
func (s *seen) add(name string) bool {
	k := [2]uint64{maphash.String(s.a, name), maphash.String(s.b, name)}
	if _, there := s.set[k]; there {
		return false
	}
	s.set[k] = struct{}{}
	return true
}
