package store

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"ivyvault/sources/axonserver/segment"
)

// lookup holds the latest snapshot of each aggregate, and which events of these
// aggregates were seen. An aggregate is known by 128 bits of keyed hash, so
// that a row takes the same room whatever its name.
type lookup struct {
	seeds [2]maphash.Seed
	limit int

	mu   sync.Mutex
	rows map[name]int32
	list []row
	left int64 // snapshots there was no row for
	bad  int64 // that could not be decoded

	seen []sighting // one for each row
}

type name [2]uint64

// row is an aggregate's latest snapshot.
type row struct{ sequence, token int64 }

// sighting is what was seen of an aggregate among the events.
type sighting struct {
	newest atomic.Int64 // the highest sequence number and 1
	found  atomic.Bool  // the event of the snapshot's sequence number
}

func newLookup(limit int) *lookup {
	return &lookup{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, limit: limit, rows: map[name]int32{}}
}

func (l *lookup) name(aggregate []byte) name {
	return name{maphash.Bytes(l.seeds[0], aggregate), maphash.Bytes(l.seeds[1], aggregate)}
}

// gather takes in the snapshots of a segment. As segments come with the newest
// first, those for which there is no row left are old ones.
func (l *lookup) gather(*Segment) func(segment.Raw) error {
	return func(e segment.Raw) error {
		aggregate, sequence, err := segment.Head(e.Bytes)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err != nil || len(aggregate) == 0 {
			l.bad++
			return nil
		}
		n := l.name(aggregate)
		i, ok := l.rows[n]
		switch {
		case !ok && len(l.list) >= l.limit:
			l.left++
		case !ok:
			l.rows[n] = int32(len(l.list))
			l.list = append(l.list, row{sequence, e.Token})
		case sequence > l.list[i].sequence:
			l.list[i] = row{sequence, e.Token}
		}
		return nil
	}
}

// watch ends the gathering and returns the hooks for segments of events; nil
// where there is nothing to look for, so that events need not be looked at.
func (l *lookup) watch() func(*Segment) func(segment.Raw) error {
	if len(l.list) == 0 {
		return nil
	}
	l.seen = make([]sighting, len(l.list))
	return func(*Segment) func(segment.Raw) error {
		return func(e segment.Raw) error {
			aggregate, sequence, err := segment.Head(e.Bytes)
			if err != nil || len(aggregate) == 0 {
				return nil // an event that belongs to no aggregate; the checksum proves its bytes
			}
			i, ok := l.rows[l.name(aggregate)]
			if !ok {
				return nil
			}
			s := &l.seen[i]
			for {
				was := s.newest.Load()
				if sequence < was || s.newest.CompareAndSwap(was, sequence+1) {
					break
				}
			}
			if sequence == l.list[i].sequence {
				s.found.Store(true)
			}
			return nil
		}
	}
}
