package axontest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Live writes to a series of segments on disk as a server does: into files of
// full length, the events before the size that makes them count.
type Live struct {
	Dir      string
	Shape    Shape
	Snapshot bool  // of aggregates, instead of events
	Next     int64 // token of the next event

	file  *os.File
	first int64
	at    int64
	full  []int64 // segments that are full and not closed yet
}

func (l *Live) name(number int64, part int) string {
	suffix := []string{".events", ".index", ".bloom"}[part]
	if l.Snapshot {
		suffix = []string{".snapshots", ".sindex", ".sbloom"}[part]
	}
	return filepath.Join(l.Dir, fmt.Sprintf("%020d%s", number, suffix))
}

// Append writes transactions, and begins a new segment where one is full.
func (l *Live) Append(txs ...Tx) error {
	shape := l.Shape.norm()
	for _, tx := range txs {
		b := encode(shape, l.Next, tx)
		if l.file == nil || l.at+int64(len(b))+4 > int64(shape.SegmentSize) && l.Next > l.first {
			if err := l.begin(max(shape.SegmentSize, 5+len(b)+4)); err != nil {
				return err
			}
		}
		// The first block's size makes the transaction count.
		if _, err := l.file.WriteAt(b[4:], l.at+4); err != nil {
			return err
		}
		if _, err := l.file.WriteAt(b[:4], l.at); err != nil {
			return err
		}
		l.at += int64(len(b))
		l.Next += int64(len(tx))
	}
	return nil
}

func (l *Live) begin(size int) error {
	if l.file != nil {
		if _, err := l.file.WriteAt([]byte("\xff\xff\xff\xff"), l.at); err != nil {
			return err
		}
		l.full = append(l.full, l.first)
		if err := l.file.Close(); err != nil {
			return err
		}
	}
	f, err := os.Create(l.name(l.Next, 0))
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte{2, 0, 0, 0, 0}, 0)
	l.file, l.first, l.at = f, l.Next, 5
	return errors.Join(err, f.Truncate(int64(size)))
}

// Settle closes the oldest full segment, as a server does once a second, and
// reports whether there was one.
func (l *Live) Settle() (bool, error) {
	if len(l.full) == 0 {
		return false, nil
	}
	n := l.full[0]
	l.full = l.full[1:]
	return true, errors.Join(os.WriteFile(l.name(n, 1), []byte("an index"), 0o644), os.WriteFile(l.name(n, 2), []byte("a bloom filter"), 0o644))
}

// Close lets go of the open segment's file.
func (l *Live) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
