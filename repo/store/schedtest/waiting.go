package schedtest

import "sync"

// wait is how many processes wait at most.
const wait = 2000

// waiting are processes that were run up to a place and can go on from there.
// Those that have waited longest are ended where there are too many: they can be
// run again.
type waiting struct {
	mu sync.Mutex
	at map[uint32]*gate // by place
	in []uint32         // places in the order of their coming, also of some that have gone
}

// take returns the process that waits at the place, or nil.
func (w *waiting) take(place uint32) *gate {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.at[place]
	delete(w.at, place)
	return g
}

func (w *waiting) put(place uint32, g *gate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at == nil {
		w.at = map[uint32]*gate{}
	}
	w.at[place] = g
	w.in = append(w.in, place)
	for len(w.at) > wait {
		if g := w.at[w.in[0]]; g != nil {
			close(g.over)
			delete(w.at, w.in[0])
		}
		w.in = w.in[1:]
	}
}

// end ends all.
func (w *waiting) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.at {
		close(g.over)
	}
	clear(w.at)
}
