package axontest

import (
	"fmt"
	"path"
	"testing/fstest"
	"time"
)

// Store is a directory tree in memory.
type Store struct {
	fstest.MapFS
	Dir string // of the context
}

// NewStore returns an empty store for the context at dir.
func NewStore(dir string) *Store { return &Store{fstest.MapFS{}, dir} }

// Name returns the path of a file of a segment, suffix with its dot.
func (s *Store) Name(number int64, version int, suffix string) string {
	v := ""
	if version > 0 {
		v = fmt.Sprintf("_%05d", version)
	}
	return path.Join(s.Dir, fmt.Sprintf("%020d%s%s", number, v, suffix))
}

// Put puts a file there.
func (s *Store) Put(name string, data []byte) {
	s.MapFS[name] = &fstest.MapFile{Data: data, Mode: 0o644, ModTime: time.Unix(1795262400, 0)}
}

// AddEvents puts segments of events there, closed ones with their index.
func (s *Store) AddEvents(version int, files ...File) {
	s.add(version, files, ".events", ".index", ".bloom")
}

// AddSnapshots puts segments of snapshots there, closed ones with their index.
func (s *Store) AddSnapshots(files ...File) { s.add(0, files, ".snapshots", ".sindex", ".sbloom") }

func (s *Store) add(version int, files []File, data, index, bloom string) {
	for _, f := range files {
		s.Put(s.Name(f.First, version, data), f.Data)
		if f.Closed {
			s.Put(s.Name(f.First, version, index), []byte("an index"))
			s.Put(s.Name(f.First, version, bloom), []byte("a bloom filter"))
		}
	}
}

// Orders returns transactions of some aggregates in turn, each of which has the
// given count of events: order-0, order-1, …, in transactions of tx events.
func Orders(aggregates, events, tx int) []Tx {
	var all Tx
	for seq := range events {
		for a := range aggregates {
			all = append(all, Event{Aggregate: fmt.Sprintf("order-%d", a), Sequence: int64(seq), MetaData: map[string]string{"trace": fmt.Sprint(a)}})
		}
	}
	return Split(all, tx)
}

// SnapshotsOf returns a snapshot of each aggregate of Orders at the sequence.
func SnapshotsOf(aggregates int, sequence int64) []Tx {
	var all Tx
	for a := range aggregates {
		all = append(all, Event{Aggregate: fmt.Sprintf("order-%d", a), Sequence: sequence, Snapshot: true})
	}
	return Split(all, 1)
}

// Split cuts events into transactions of n, the last one of fewer.
func Split(events Tx, n int) []Tx {
	var txs []Tx
	for len(events) > 0 {
		m := min(n, len(events))
		txs = append(txs, events[:m:m])
		events = events[m:]
	}
	return txs
}
