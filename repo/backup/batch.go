package backup

import (
	"context"
	"sync"

	"ivyvault/repo/tree"
	"ivyvault/sources"
)

// item is one entry on its way.
type item struct {
	entry sources.Entry
	node  tree.Node
	read  bool   // a reader must complete the node
	small []byte // content to be bundled, in text of the batch or in own
	own   []byte // buffer of smallBuffers for a file that has grown, nil otherwise
	err   error  // the content could not be read: a finding
	graft bool   // a directory whose tree stands already
	gone  bool   // it vanished: left out without a word
}

// batch is a run of entries that go the way together: handing each small file
// to another goroutine by itself costs as much as reading it.
type batch struct {
	items []item
	done  chan struct{} // closed when all are read; nil where none must be
	bytes int           // to be read into memory at most: what it takes of the queue's budget
	text  []byte        // buffer of smallBuffers for the small contents, nil before they are read
}

// The bounds of a batch, in entries and in bytes to be read: small enough that
// all readers have something to do, and that a large file keeps no small one
// waiting.
const (
	batchLength = 64
	batchBytes  = 256 << 10
)

// batches keeps used ones.
type batches struct{ pool sync.Pool }

func (s *batches) get() *batch {
	if b, ok := s.pool.Get().(*batch); ok {
		return b
	}
	return &batch{items: make([]item, 0, batchLength)}
}

func (s *batches) put(b *batch) {
	clear(b.items)
	b.items, b.done, b.bytes, b.text = b.items[:0], nil, 0, nil
	s.pool.Put(b)
}

// sender collects items and sends full batches on: to the readers where one of
// them must be read, and always, in order, to the assembler.
type sender struct {
	x     *run
	order chan<- *batch
	work  chan<- *batch
	room  *budget
	now   *batch
}

// next returns the place of the next item.
func (s *sender) next() *item {
	if s.now == nil {
		s.now = s.x.batches.get()
	}
	s.now.items = append(s.now.items, item{})
	return &s.now.items[len(s.now.items)-1]
}

// added notes that the last item is complete, as far as the walk is concerned.
// One whose content the source may want to be read before it goes on is sent at
// once.
func (s *sender) added(ctx context.Context, it *item) error {
	b := s.now
	if it.read {
		if b.done == nil {
			b.done = make(chan struct{})
		}
		if it.node.Type == tree.File {
			b.bytes += int(min(it.entry.Attr.Size, maxSmall))
		}
	}
	if len(b.items) < batchLength && b.bytes < batchBytes && !(it.read && it.entry.Stamp != nil) {
		return nil
	}
	return s.flush(ctx)
}

// flush sends what is there.
func (s *sender) flush(ctx context.Context) error {
	b := s.now
	if b == nil {
		return nil
	}
	s.now = nil
	if b.done != nil {
		// A batch takes far less than the whole budget, and all before it are on
		// their way, so what waits here becomes free.
		if err := s.room.take(ctx, b.bytes); err != nil {
			return err
		}
		select {
		case s.work <- b:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	select {
	case s.order <- b:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
