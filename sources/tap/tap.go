// Package tap lets one look on while a source is captured, so that what is
// learned of its contents is learned of exactly what was taken.
//
// Nouns:
//
//   - A Watcher is told of each entry before the archiver is, and of what could
//     not be captured after all.
//   - A Sink gets the bytes of a content at the time when the archiver reads it.
//
// Promise: nothing is changed, held back or read twice by looking on; a capture
// has the facts, the state and the root of the one that is watched.
package tap

import (
	"context"
	"fmt"
	"io"
	"iter"

	"ivyvault/sources"
)

// Watcher looks on. Entries come from one goroutine, contents from many.
type Watcher interface {
	// Begin says that a capture begins: what was told of an earlier one is void.
	Begin()
	// Entry is told of an entry in its turn. It may open it.
	Entry(ctx context.Context, e *sources.Entry)
	// Open is told that a content is opened by the archiver, and returns who
	// gets it, nil for nobody.
	Open(path string) Sink
	// Lost is told of a path that could not be captured, though it may have
	// come as an entry before.
	Lost(path string, err error)
}

// Sink gets one content.
type Sink interface {
	// Take gets the next bytes, which it must not keep.
	Take(p []byte)
	// End is the last call. Whole is false where not all was read.
	End(whole bool)
}

// Source is a source that is watched.
type Source struct {
	inner sources.Source
	watch Watcher
}

var (
	_ sources.Source    = (*Source)(nil)
	_ sources.Continued = (*Source)(nil)
)

// New watches a source.
func New(s sources.Source, w Watcher) *Source { return &Source{s, w} }

// Continue passes the state on.
func (s *Source) Continue(state []byte) error {
	if c, ok := s.inner.(sources.Continued); ok {
		return c.Continue(state)
	}
	return fmt.Errorf("this source goes on from nothing")
}

// Capture captures the source.
func (s *Source) Capture(ctx context.Context) (sources.Capture, error) {
	s.watch.Begin()
	c, err := s.inner.Capture(ctx)
	if err != nil {
		return nil, err
	}
	return &capture{c, s.watch}, nil
}

type capture struct {
	sources.Capture
	watch Watcher
}

var (
	_ sources.Capture   = (*capture)(nil)
	_ sources.Described = (*capture)(nil)
	_ sources.Stateful  = (*capture)(nil)
	_ sources.Rooted    = (*capture)(nil)
)

// Facts are those of the watched capture, none where it has none.
func (c *capture) Facts(ctx context.Context) (sources.Facts, error) {
	if d, ok := c.Capture.(sources.Described); ok {
		return d.Facts(ctx)
	}
	return sources.Facts{}, nil
}

// State is that of the watched capture, nil where it has none.
func (c *capture) State() ([]byte, error) {
	if s, ok := c.Capture.(sources.Stateful); ok {
		return s.State()
	}
	return nil, nil
}

// Root is that of the watched capture.
func (c *capture) Root() (sources.Attr, []sources.Xattr, bool) {
	if r, ok := c.Capture.(sources.Rooted); ok {
		return r.Root()
	}
	return sources.Attr{}, nil, false
}

// Entries tells the watcher of each entry, then yields it.
func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		for e, err := range c.Capture.Entries(ctx) {
			switch {
			case err != nil && e.Path != "":
				c.watch.Lost(e.Path, err)
			case err == nil:
				c.watch.Entry(ctx, &e)
				if e.Item != nil && e.Attr.Type == sources.File {
					e.Item = &item{e.Item, e.Path, e.Attr.Size, c.watch}
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// item watches what becomes of one content.
type item struct {
	sources.Item
	path  string
	size  uint64
	watch Watcher
}

var _ sources.Item = (*item)(nil)

// Open opens the content.
func (i *item) Open(ctx context.Context) (io.ReadCloser, error) {
	r, err := i.Item.Open(ctx)
	if err != nil {
		i.watch.Lost(i.path, err)
		return nil, err
	}
	if s := i.watch.Open(i.path); s != nil {
		return &teed{r: r, sink: s, left: int64(i.size)}, nil
	}
	return r, nil
}

// teed gives to the sink what is read. It hides holes, for they would not be
// read.
type teed struct {
	r     io.ReadCloser
	sink  Sink
	left  int64 // bytes of what the entry told, which a reader may stop after
	whole bool
}

var (
	_ io.ReadCloser   = (*teed)(nil)
	_ sources.Checker = (*teed)(nil)
)

func (t *teed) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n > 0 {
		t.sink.Take(p[:n])
		t.left -= int64(n)
	}
	if err == io.EOF || t.left <= 0 {
		t.whole = true
	}
	return n, err
}

// Changed asks the content, where it can tell.
func (t *teed) Changed() (bool, error) {
	if c, ok := t.r.(sources.Checker); ok {
		return c.Changed()
	}
	return false, nil
}

// Close closes the content and ends the sink's.
func (t *teed) Close() error {
	if t.sink != nil {
		t.sink.End(t.whole)
		t.sink = nil
	}
	return t.r.Close()
}
