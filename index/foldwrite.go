package index

import (
	"ivyvault/chunk"
	"ivyvault/index/rows"
)

// write merges the rows of the base with the sorted entries into a new Badger
// directory.
func (f *fold) write(r *runs) error {
	m, err := r.merge()
	if err != nil {
		return err
	}
	w, err := rows.Create(f.tmp)
	if err != nil {
		return err
	}
	defer w.Abandon()
	var (
		key   [keySize]byte
		value []byte
		n     int // locations in value
	)
	put := func(e *entry) {
		if n < maxPlaces {
			value = appendPlace(value, e)
			n++
		}
	}
	// finish adds what the runs hold of the chunk and writes its row.
	finish := func(id chunk.ID, kind chunk.Kind) error {
		for e := m.peek(); e != nil && e.id == id && e.kind() == kind; e = m.peek() {
			put(e)
			if err := m.pop(); err != nil {
				return err
			}
		}
		if n == 0 {
			return nil
		}
		f.note.keys++
		f.note.places += uint64(n)
		putKey(&key, &id, kind)
		err := w.Add(key[:], value)
		value, n = value[:0], 0
		return err
	}
	for row, err := range f.base.rows(f.ctx) {
		if err != nil {
			return err
		}
		for e := m.peek(); e != nil && order(&e.id, e.kind(), &row.id, row.kind) < 0; e = m.peek() {
			if err := finish(e.id, e.kind()); err != nil {
				return err
			}
		}
		old := entry{id: row.id, place: uint32(row.kind) << 24}
		for v := row.value; len(v) > 0; {
			if v = takePlace(v, &old); v == nil || int(old.listing) >= len(f.renumber) {
				f.base.report(errRow)
				return errRow
			}
			e := old
			if e.listing = f.renumber[old.listing]; e.listing != dead {
				put(&e)
			}
		}
		if err := finish(row.id, row.kind); err != nil {
			return err
		}
	}
	for i := 0; ; i++ {
		e := m.peek()
		if e == nil {
			break
		}
		if i%1024 == 0 && f.ctx.Err() != nil {
			return f.ctx.Err()
		}
		if err := finish(e.id, e.kind()); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return r.remove()
}
