package versions

import (
	"bytes"
	"cmp"
	"slices"

	"ivyvault/index/rows"
)

// write merges the rows of the present generation with the sorted changes into
// a new Badger directory, and returns the note of the new generation.
func (f *fold) write() ([]byte, error) {
	m, err := f.runs.merge()
	if err != nil {
		return nil, err
	}
	w, err := rows.Create(f.tmp)
	if err != nil {
		return nil, err
	}
	defer w.Abandon()
	out := rowWriter{w: w}
	var old present
	if f.table != nil {
		old.c = f.table.cursor()
		defer old.c.close()
		old.c.seek([]byte{keyPrefix})
	}
	var key []byte
	var spans []Span
	for n := 0; ; n++ {
		if n%1024 == 0 && f.ctx.Err() != nil {
			return nil, f.ctx.Err()
		}
		e := m.peek()
		here, err := old.here()
		if err != nil {
			return nil, err
		}
		if e == nil && !here {
			break
		}
		spans = spans[:0]
		order := 1
		if e == nil {
			order = -1
		} else if here {
			order = bytes.Compare(old.c.key, e.key)
		}
		if order <= 0 {
			key = append(key[:0], old.c.key...)
			if spans, err = old.take(f.plan, spans); err != nil {
				return nil, err
			}
		} else {
			key = append(key[:0], e.key...)
		}
		for ; e != nil && bytes.Equal(e.key, key); e = m.peek() {
			spans = f.plan.apply(spans, e.step, e.state)
			if err := m.pop(); err != nil {
				return nil, err
			}
		}
		if err := out.row(key, spans); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := f.runs.remove(); err != nil {
		return nil, err
	}
	f.rep.Paths, f.rep.Spans = out.paths, out.spans
	n := note{rows: out.rows, chains: f.plan.chains}
	if n.files, err = hashFiles(f.tmp); err != nil {
		return nil, err
	}
	return n.bytes(), nil
}

// present is the present generation while it is gone through; c is nil where
// there is none.
type present struct {
	c     *cursor
	spans []Span
}

// here reports whether there is a row.
func (p *present) here() (bool, error) {
	if p.c == nil {
		return false, nil
	}
	return p.c.ok, p.c.err
}

// take appends what stays of a row and goes to the next.
func (p *present) take(pl *plan, dst []Span) ([]Span, error) {
	var err error
	if p.spans, err = p.c.spans(p.spans[:0]); err != nil {
		return dst, err
	}
	for i := range p.spans {
		if s := p.spans[i]; pl.carry(&s) {
			dst = add(dst, s)
		}
	}
	p.c.next()
	return dst, nil
}

// rowWriter encodes rows.
type rowWriter struct {
	w     *rows.Writer
	value []byte
	rows  uint64
	paths int64
	spans int64
}

// row writes a path's spans, in as many rows as they need; none where there are
// none. It orders spans.
func (w *rowWriter) row(key []byte, spans []Span) error {
	if len(spans) == 0 {
		return nil
	}
	byChain := func(a, b Span) int { return cmp.Compare(a.Chain, b.Chain) }
	if !slices.IsSortedFunc(spans, byChain) {
		slices.SortStableFunc(spans, byChain)
	}
	w.paths++
	w.spans += int64(len(spans))
	w.value = append(w.value[:0], 0)
	next := uint32(0) // number of the next continuation
	at := key
	for i := range spans {
		if len(w.value) >= maxValue {
			w.value[0] = 1
			if err := w.put(at); err != nil {
				return err
			}
			at = appendContinuation(key[:len(key):len(key)], next)
			next++
			w.value = append(w.value[:0], 0)
		}
		w.value = appendSpan(w.value, &spans[i])
	}
	return w.put(at)
}

func (w *rowWriter) put(key []byte) error {
	w.rows++
	return w.w.Add(key, w.value)
}
