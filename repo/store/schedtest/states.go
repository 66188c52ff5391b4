package schedtest

// most is how many processes a world may have.
const most = 4

// state is a state of the world: the number of what the store holds, and of the
// place of each process.
type state struct {
	store uint32
	at    [most]uint32
	last  int8 // with a bound on preemptions: the process that did the last step,
	left  int8 // and how many are left
}

// states is a set of states that numbers them in the order in which they came.
// It takes about 45 bytes for each.
type states struct {
	all  []state
	from []cause
	slot []uint32 // number of a state plus one, by hash
}

// cause is how a state was reached first, and after how many steps.
type cause struct {
	state uint32
	proc  int8
	depth uint16
}

// add returns the number of the state and whether it is new.
func (s *states) add(x state, from cause) (n uint32, fresh bool) {
	if 2*len(s.all) >= len(s.slot) {
		s.grow()
	}
	mask := uint64(len(s.slot) - 1)
	for i := x.hash() & mask; ; i = (i + 1) & mask {
		switch n := s.slot[i]; {
		case n == 0:
			s.all, s.from = append(s.all, x), append(s.from, from)
			s.slot[i] = uint32(len(s.all))
			return s.slot[i] - 1, true
		case s.all[n-1] == x:
			return n - 1, false
		}
	}
}

func (s *states) grow() {
	s.slot = make([]uint32, max(1024, 2*len(s.slot)))
	mask := uint64(len(s.slot) - 1)
	for n := range s.all {
		i := s.all[n].hash() & mask
		for s.slot[i] != 0 {
			i = (i + 1) & mask
		}
		s.slot[i] = uint32(n + 1)
	}
}

func (x *state) hash() uint64 {
	h := uint64(x.store)<<16 | uint64(uint8(x.last))<<8 | uint64(uint8(x.left))
	for _, v := range x.at {
		h = mix(h, uint64(v))
	}
	return h
}

// mix is the finalizer of splitmix64 over both values.
func mix(a, b uint64) uint64 {
	z := a*0x9e3779b97f4a7c15 + b + 0x632be59bd9b4e019
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
