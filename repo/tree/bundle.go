package tree

import (
	"context"
	"encoding/binary"
	"sync"

	"ivyvault/chunk"
)

// Sizes of bundles in bytes.
const (
	bundleLeast    = 512 << 10
	bundleSpread   = 512 << 10 // mean of what comes beyond the least
	bundleGreatest = 2 << 20
)

// Bundler puts the contents of small files together, in the order in which
// they are added, into data chunks of about a megabyte. Where a bundle ends
// depends on the contents, so the same files in the same order make the same
// bundles, and after a change the next bundles soon are the old ones again.
//
// Contents that look compressed or encrypted go into bundles of their own:
// scans between letters would spoil the compression of the letters.
//
// A full bundle is handed to emit as a job. Jobs are independent of each other
// and may run anywhere, in any order, concurrently; each must run exactly
// once, also after a cancellation, since it settles the bundle's Pendings.
// emit may block, which is how a caller bounds the bundles in flight.
//
// Add and Flush must not be called concurrently.
type Bundler struct {
	put  chunk.Putter
	emit func(job func(ctx context.Context))
	open [2]*bundle // of contents that can be compressed, and of those that can't
	pool sync.Pool  // of *[]byte, bundleGreatest long
}

type bundle struct {
	buf  *[]byte
	size int
	done chan struct{} // closed when ref or err is set
	ref  chunk.Ref
	err  error
}

// Pending is the content of a file whose bundle may not be stored yet. It is a
// value of few bytes; any number may wait.
type Pending struct {
	b    *bundle
	off  uint32
	hash chunk.ID
}

// NewBundler returns a Bundler without an open bundle.
func NewBundler(put chunk.Putter, emit func(job func(ctx context.Context))) *Bundler {
	return &Bundler{put: put, emit: emit}
}

// Add copies content, of 1 to MaxSlice bytes with the given keyed content
// hash, into the open bundle of its sort. It panics on other lengths, which are the
// caller's to keep out.
func (w *Bundler) Add(content []byte, hash chunk.ID) Pending {
	if len(content) == 0 || len(content) > MaxSlice {
		panic("tree: content for a bundle is empty or too long")
	}
	sort := 0
	if isDense(content) {
		sort = 1
	}
	if b := w.open[sort]; b != nil && b.size+len(content) > bundleGreatest {
		w.end(sort)
	}
	if w.open[sort] == nil {
		buf, _ := w.pool.Get().(*[]byte)
		if buf == nil {
			b := make([]byte, bundleGreatest)
			buf = &b
		}
		w.open[sort] = &bundle{buf: buf, done: make(chan struct{})}
	}
	b := w.open[sort]
	p := Pending{b: b, off: uint32(b.size), hash: hash}
	b.size += copy((*b.buf)[b.size:], content)
	// The chance that a bundle ends after a file grows with the file, so that
	// large ones do not sit in the middle of every bundle they meet.
	if b.size >= bundleLeast && binary.LittleEndian.Uint64(hash[8:16]) < uint64(len(content))*(^uint64(0)/bundleSpread) {
		w.end(sort)
	}
	return p
}

// Buffered returns how many bytes wait in open bundles.
func (w *Bundler) Buffered() int {
	n := 0
	for _, b := range w.open {
		if b != nil {
			n += b.size
		}
	}
	return n
}

// Flush ends the open bundles, if there are any, and hands them to emit. A
// Pending of an open bundle is settled only after it.
func (w *Bundler) Flush() {
	for sort := range w.open {
		w.end(sort)
	}
}

// end hands the open bundle of a sort to emit.
func (w *Bundler) end(sort int) {
	b := w.open[sort]
	if b == nil {
		return
	}
	w.open[sort] = nil
	w.emit(func(ctx context.Context) {
		b.ref, b.err = w.put.Put(ctx, chunk.Data, (*b.buf)[:b.size])
		w.pool.Put(b.buf)
		b.buf = nil
		close(b.done)
	})
}

// Done returns a channel that is closed when Wait will not block.
func (p Pending) Done() <-chan struct{} { return p.b.done }

// Settled reports whether Wait will not block.
func (p Pending) Settled() bool {
	select {
	case <-p.b.done:
		return true
	default:
		return false
	}
}

// Same reports whether p and o wait for the same bundle.
func (p Pending) Same(o Pending) bool { return p.b == o.b }

// Is reports whether p is the content with the hash.
func (p Pending) Is(hash chunk.ID) bool { return p.hash == hash }

// Wait waits until the bundle is stored and returns the slice of it, or the
// error with which storing it failed. A Pending of an open bundle is not
// settled before Flush: whoever waits must make sure that it comes.
func (p Pending) Wait(ctx context.Context) (Content, error) {
	select {
	case <-p.b.done:
	default:
		select {
		case <-p.b.done:
		case <-ctx.Done():
			return Content{}, context.Cause(ctx)
		}
	}
	if p.b.err != nil {
		return Content{}, p.b.err
	}
	return Content{Form: Slice, Ref: p.b.ref, Offset: p.off, Hash: p.hash}, nil
}
