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
	taken int    // bytes of the queue's budget
	err   error  // the content could not be read: a finding
	graft bool   // a directory whose tree stands already
	gone  bool   // it vanished: left out without a word
}

// batch is a run of entries that go the way together: handing each small file
// to another goroutine by itself costs as much as reading it.
type batch struct {
	items []item
	done  chan struct{} // closed when all are read; nil where none must be
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
	b.items, b.done, b.text = b.items[:0], nil, nil
	s.pool.Put(b)
}

// sender collects items and sends full batches on: to the readers where one of
// them must be read, and always, in order, to the assembler.
type sender struct {
	x     *run
	order chan<- *batch
	work  chan<- *batch
	now   *batch
	bytes int // to be read
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
		s.bytes += it.taken
	}
	if len(b.items) < batchLength && s.bytes < batchBytes && !(it.read && it.entry.Stamp != nil) {
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
	s.now, s.bytes = nil, 0
	if b.done != nil {
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
