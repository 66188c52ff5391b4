package tree

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"ivyvault/chunk"
)

// ListWriter writes the content list of one file while its chunks come in. It
// holds one open page a level. Nothing is stored before there is a second
// item, so a file of one chunk costs no page. It must not be used
// concurrently. After Close it may write the next list.
type ListWriter struct {
	put    chunk.Putter
	hole   uint64 // open hole at the end
	items  uint64
	size   uint64
	only   Item // the first item
	levels []*listLevel
	page   []byte
}

type listLevel struct {
	n     int
	size  uint64
	body  []byte
	pages int
	one   Item // the first item of the open page
}

// NewListWriter returns a writer that stores its pages with put.
func NewListWriter(put chunk.Putter) *ListWriter { return &ListWriter{put: put} }

// Size returns how many bytes were added so far.
func (w *ListWriter) Size() uint64 { return w.size }

// Reset drops what was added since the last Close.
func (w *ListWriter) Reset() {
	w.hole, w.items, w.size, w.only = 0, 0, 0, Item{}
	for _, l := range w.levels {
		*l = listLevel{body: l.body[:0]}
	}
}

// AddChunk appends a data chunk.
func (w *ListWriter) AddChunk(ctx context.Context, ref chunk.Ref) error {
	if f := refFault(ref, chunk.Data); f != "" {
		return fmt.Errorf("content list: %s: %s", ref, f)
	}
	if err := w.endHole(ctx); err != nil {
		return err
	}
	return w.add(ctx, Item{Ref: ref, Size: uint64(ref.Size)})
}

// AddHole appends n zero bytes that are stored nowhere. Neighbouring holes
// become one.
func (w *ListWriter) AddHole(n uint64) error {
	if n > 1<<63-1-w.size {
		return errors.New("content list: a file longer than 2^63-1 bytes can't be stored")
	}
	w.hole += n
	w.size += n
	return nil
}

func (w *ListWriter) endHole(ctx context.Context) error {
	if w.hole == 0 {
		return nil
	}
	it := Item{Size: w.hole}
	w.size -= w.hole // add counts it again
	w.hole = 0
	return w.add(ctx, it)
}

func (w *ListWriter) add(ctx context.Context, it Item) error {
	if it.Size > 1<<63-1-w.size {
		return errors.New("content list: a file longer than 2^63-1 bytes can't be stored")
	}
	w.size += it.Size
	w.items++
	if w.items == 1 {
		w.only = it
		return nil // it may stay the only one
	}
	if w.items == 2 {
		if err := w.push(ctx, 0, w.only, place(&w.only)); err != nil {
			return err
		}
	}
	return w.push(ctx, 0, it, place(&it))
}

// place is the place value of an item: part of its id, which is a keyed hash.
func place(it *Item) uint64 { return binary.LittleEndian.Uint64(it.Ref.ID[:8]) }

// push adds an item to a level. v is the place value of the last chunk below
// it, and so does not change with the pages between. Holes end no page.
func (w *ListWriter) push(ctx context.Context, level int, it Item, v uint64) error {
	if level > MaxLevel {
		return fmt.Errorf("a content list is too long: it needs pages above level %d", MaxLevel)
	}
	if level == len(w.levels) {
		w.levels = append(w.levels, &listLevel{})
	}
	l := w.levels[level]
	if l.n == 0 {
		l.one = it
	}
	l.n++
	l.size += it.Size
	l.body = appendItem(l.body, level, &it)
	if l.n >= listGreatest || l.n >= listLeast && v != 0 && chosen(v, level, listSpread) {
		up, err := w.end(ctx, level)
		if err != nil {
			return err
		}
		return w.push(ctx, level+1, up, v)
	}
	return nil
}

func (w *ListWriter) end(ctx context.Context, level int) (Item, error) {
	l := w.levels[level]
	w.page = appendTable(w.page[:0], level, l.n, l.body)
	up := Item{Size: l.size}
	*l = listLevel{body: l.body[:0], pages: l.pages + 1}
	var err error
	up.Ref, err = w.put.Put(ctx, chunk.List, w.page)
	return up, err
}

// Close stores what is left and returns where the file's bytes are, and how
// many they are: Empty without items, Chunked for a single chunk, else Listed.
func (w *ListWriter) Close(ctx context.Context) (Content, uint64, error) {
	defer w.Reset()
	if err := w.endHole(ctx); err != nil {
		return Content{}, 0, err
	}
	switch {
	case w.items == 0:
		return Content{}, 0, nil
	case w.items == 1 && !w.only.Ref.IsZero():
		return Content{Form: Chunked, Ref: w.only.Ref}, w.size, nil
	case w.items == 1:
		if err := w.push(ctx, 0, w.only, 0); err != nil {
			return Content{}, 0, err
		}
	}
	for i := 0; ; i++ { // push may add a level
		l := w.levels[i]
		if l.n == 0 {
			continue // ended exactly at its last item
		}
		if i > 0 && l.n == 1 && l.pages == 0 {
			return Content{Form: Listed, Ref: l.one.Ref}, w.size, nil
		}
		up, err := w.end(ctx, i)
		if err != nil {
			return Content{}, 0, err
		}
		if l.pages == 1 {
			return Content{Form: Listed, Ref: up.Ref}, w.size, nil
		}
		if err := w.push(ctx, i+1, up, 0); err != nil {
			return Content{}, 0, err
		}
	}
}
