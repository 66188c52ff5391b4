package tree

import (
	"context"
	"fmt"

	"ivyvault/chunk"
)

// DirWriter writes one directory as pages while its entries come in. It holds
// one open page a level, whatever the size of the directory. It must not be
// used concurrently. After Close or Reset it may write another directory with
// the memory that it has.
type DirWriter struct {
	put    chunk.Putter
	cut    Cut
	leaf   leaf
	first  []byte   // name of the leaf's first entry
	last   []byte   // name added last
	tables []*table // tables[i] is of level i+1
	page   []byte   // where pages are put together
	any    bool
	err    error
	files  uint64
	bytes  uint64
}

// table is the open page of one level above the leaves.
type table struct {
	rows   int
	count  uint64
	body   []byte
	first  string
	pages  int  // finished before this one
	single *row // the only row so far, where there is just one
}

// NewDirWriter returns a writer that stores its pages with put.
func NewDirWriter(put chunk.Putter, rule Cut) *DirWriter {
	return &DirWriter{put: put, cut: rule}
}

// Reset drops what was added since the last Close.
func (w *DirWriter) Reset() {
	w.leaf.reset()
	w.first, w.last = w.first[:0], w.last[:0]
	w.any, w.err, w.files, w.bytes = false, nil, 0, 0
	for _, t := range w.tables {
		*t = table{body: t.body[:0]}
	}
}

// Totals returns how many files the entries added so far stand for, in all
// directories below, and their bytes: a Node's Files and Bytes.
func (w *DirWriter) Totals() (files, bytes uint64) { return w.files, w.bytes }

// Add appends an entry. Names must come in strictly ascending byte order. Add
// keeps nothing of n. After an error the directory can't be finished.
func (w *DirWriter) Add(ctx context.Context, n *Node) error {
	if w.err != nil {
		return w.err
	}
	w.err = w.add(ctx, n)
	return w.err
}

func (w *DirWriter) add(ctx context.Context, n *Node) error {
	if f := n.fault(); f != "" {
		return &NodeError{n.Name, f}
	}
	if w.any && string(w.last) >= n.Name {
		return &NodeError{n.Name, fmt.Sprintf("it comes after %q, which is not less", w.last)}
	}
	w.any = true
	w.last = append(w.last[:0], n.Name...)
	if w.leaf.n == 0 {
		w.first = append(w.first[:0], n.Name...)
	}
	w.leaf.add(n)
	switch n.Type {
	case File:
		w.files++
		w.bytes += n.Size
	case Dir:
		w.files += n.Files
		w.bytes += n.Bytes
	}
	if w.leaf.n >= dirGreatest || w.leaf.size() >= dirBytes ||
		w.leaf.n >= dirLeast && chosen(w.cut.point(n.Name), 0, dirSpread) {
		r, err := w.endLeaf(ctx)
		if err != nil {
			return err
		}
		return w.push(ctx, 0, r)
	}
	return nil
}

func (w *DirWriter) endLeaf(ctx context.Context) (*row, error) {
	w.page = w.leaf.appendPage(w.page[:0])
	r := &row{first: string(w.first), count: uint64(w.leaf.n)}
	w.leaf.reset()
	var err error
	r.ref, err = w.put.Put(ctx, chunk.Page, w.page)
	return r, err
}

// push adds a row to tables[i]. The row is the last of its page where the
// place value of its first name says so: like the names of entries it stays
// the same when the page below changes.
func (w *DirWriter) push(ctx context.Context, i int, r *row) error {
	if i == MaxLevel {
		return fmt.Errorf("a directory is too large: it needs pages above level %d", MaxLevel)
	}
	if i == len(w.tables) {
		w.tables = append(w.tables, &table{})
	}
	t := w.tables[i]
	if t.rows == 0 {
		t.first = r.first
		t.single = r
	} else {
		t.single = nil
	}
	t.rows++
	t.count += r.count
	t.body = appendRow(t.body, r)
	if t.rows >= dirGreatest || t.rows > 1 && len(t.body) >= dirBytes ||
		t.rows >= dirLeast && chosen(w.cut.point(r.first), i+1, dirSpread) {
		up, err := w.endTable(ctx, i)
		if err != nil {
			return err
		}
		return w.push(ctx, i+1, up)
	}
	return nil
}

func (w *DirWriter) endTable(ctx context.Context, i int) (*row, error) {
	t := w.tables[i]
	w.page = appendTable(w.page[:0], i+1, t.rows, t.body)
	r := &row{first: t.first, count: t.count}
	*t = table{body: t.body[:0], pages: t.pages + 1}
	var err error
	r.ref, err = w.put.Put(ctx, chunk.Page, w.page)
	return r, err
}

// Close stores what is left and returns the directory's top page. An empty
// directory is a page too. The writer is then as after Reset.
func (w *DirWriter) Close(ctx context.Context) (chunk.Ref, error) {
	defer w.Reset()
	if w.err != nil {
		return chunk.Ref{}, w.err
	}
	if w.leaf.n > 0 || !w.any {
		r, err := w.endLeaf(ctx)
		if err != nil {
			return chunk.Ref{}, err
		}
		if len(w.tables) == 0 || w.tables[0].rows == 0 && w.tables[0].pages == 0 {
			return r.ref, nil
		}
		if err := w.push(ctx, 0, r); err != nil {
			return chunk.Ref{}, err
		}
	}
	for i := 0; ; i++ { // push may add a level
		t := w.tables[i]
		if t.rows == 0 {
			continue // ended exactly at its last row: what counts is above
		}
		if t.pages == 0 && t.rows == 1 {
			return t.single.ref, nil // a table of one page is that page
		}
		r, err := w.endTable(ctx, i)
		if err != nil {
			return chunk.Ref{}, err
		}
		if t.pages == 1 {
			return r.ref, nil
		}
		if err := w.push(ctx, i+1, r); err != nil {
			return chunk.Ref{}, err
		}
	}
}
