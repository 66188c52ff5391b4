package log

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// plain is what stands in an entry's box.
type plain struct {
	time, lastState uint64
	body            Body
}

func (p plain) encode() []byte {
	b := append(make([]byte, 0, 256), byte(p.body.Type()))
	b = binary.AppendUvarint(b, p.time)
	b = binary.AppendUvarint(b, p.lastState)
	return p.body.fields(b)
}

func (w Whole) fields(b []byte) []byte {
	b = set(b, w.Snapshots,
		func(s Snapshot) []byte { return s.ID[:] },
		func(b []byte, s Snapshot) []byte { return append(append(b, s.ID[:]...), s.Form[:]...) })
	b = names(b, w.Index)
	b = set(b, w.Marks,
		func(m Marked) []byte { return m.Pack[:] },
		func(b []byte, m Marked) []byte {
			b = binary.AppendUvarint(append(b, m.Pack[:]...), m.Entry)
			return binary.AppendUvarint(b, m.Time)
		})
	return set(b, w.Keeps,
		func(k Kept) []byte { return k.Run[:] },
		func(b []byte, k Kept) []byte {
			b = binary.AppendUvarint(append(b, k.Run[:]...), k.Entry)
			b = binary.AppendUvarint(b, k.Time)
			return names(append(b, k.Parent[:]...), k.Index)
		})
}

func (c Commit) fields(b []byte) []byte {
	b = append(append(append(b, c.Form[:]...), c.ID[:]...), c.Replaces[:]...)
	return names(append(b, c.Run[:]...), c.Index)
}

func (f Forget) fields(b []byte) []byte { return names(b, f.Snapshots) }
func (m Mark) fields(b []byte) []byte   { return names(b, m.Packs) }

func (k Keep) fields(b []byte) []byte {
	return names(append(append(b, k.Run[:]...), k.Parent[:]...), k.Index)
}

func (s Sweep) fields(b []byte) []byte {
	b = names(names(names(b, s.Packs), s.IndexRemoved), s.IndexAdded)
	return set(b, s.Ended,
		func(r Run) []byte { return r[:] },
		func(b []byte, r Run) []byte { return append(b, r[:]...) })
}

func names(b []byte, all []Name) []byte {
	return set(b, all,
		func(n Name) []byte { return n[:] },
		func(b []byte, n Name) []byte { return append(b, n[:]...) })
}

// set appends a list, sorted by key and without repeats. It does not change all.
func set[T any](b []byte, all []T, key func(T) []byte, item func([]byte, T) []byte) []byte {
	order := func(x, y T) int { return bytes.Compare(key(x), key(y)) }
	same := func(x, y T) bool { return order(x, y) == 0 }
	if !slices.IsSortedFunc(all, order) {
		all = slices.Clone(all)
		slices.SortStableFunc(all, order)
	}
	n := 0
	for i := range all {
		if i == 0 || !same(all[i-1], all[i]) {
			n++
		}
	}
	b = binary.AppendUvarint(b, uint64(n))
	for i := range all {
		if i == 0 || !same(all[i-1], all[i]) {
			b = item(b, all[i])
		}
	}
	return b
}

var (
	errShort    = errors.New("it ends too early")
	errTrailing = errors.New("bytes follow its end")
	errVarint   = errors.New("a number in it is too large or not in its shortest form")
	errCount    = errors.New("a list in it is longer than the entry")
	errOrder    = errors.New("a list in it is not sorted or holds something twice")
	errType     = errors.New("its type is not known to this version; a newer build may read it")
)

// decodePlain accepts exactly what encode makes.
func decodePlain(b []byte) (plain, error) {
	d := decoder{b: b}
	var p plain
	t := Type(d.u8())
	p.time, p.lastState = d.uvarint(), d.uvarint()
	switch t {
	case TypeState:
		p.body = d.whole()
	case TypeCommit:
		p.body = Commit{Form: d.name(), ID: d.name(), Replaces: d.name(), Run: d.run(), Index: d.names()}
	case TypeForget:
		p.body = Forget{d.names()}
	case TypeMark:
		p.body = Mark{d.names()}
	case TypeKeep:
		p.body = Keep{Run: d.run(), Parent: d.name(), Index: d.names()}
	case TypeSweep:
		s := Sweep{Packs: d.names(), IndexRemoved: d.names(), IndexAdded: d.names()}
		s.Ended = list(&d, 16, (*decoder).run, func(x, y Run) int { return bytes.Compare(x[:], y[:]) })
		p.body = s
	default:
		d.fail(errType)
	}
	if d.err == nil && len(d.b) > 0 {
		d.fail(errTrailing)
	}
	if d.err != nil {
		return plain{}, d.err
	}
	return p, nil
}

// decoder reads from b; after the first error it gives zeros.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.b = nil
}

func (d *decoder) take(n int) []byte {
	if len(d.b) < n {
		d.fail(errShort)
		return nil
	}
	t := d.b[:n]
	d.b = d.b[n:]
	return t
}

func (d *decoder) u8() byte {
	if t := d.take(1); t != nil {
		return t[0]
	}
	return 0
}

func (d *decoder) name() (n Name) { copy(n[:], d.take(len(n))); return n }
func (d *decoder) run() (r Run)   { copy(r[:], d.take(len(r))); return r }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	switch {
	case n == 0:
		d.fail(errShort)
		return 0
	case n < 0, n > 1 && d.b[n-1] == 0:
		d.fail(errVarint)
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) names() []Name {
	return list(d, 32, (*decoder).name, func(x, y Name) int { return bytes.Compare(x[:], y[:]) })
}

func (d *decoder) whole() Whole {
	var w Whole
	w.Snapshots = list(d, 64,
		func(d *decoder) Snapshot { return Snapshot{ID: d.name(), Form: d.name()} },
		func(x, y Snapshot) int { return bytes.Compare(x.ID[:], y.ID[:]) })
	w.Index = d.names()
	w.Marks = list(d, 34,
		func(d *decoder) Marked { return Marked{d.name(), d.uvarint(), d.uvarint()} },
		func(x, y Marked) int { return bytes.Compare(x.Pack[:], y.Pack[:]) })
	w.Keeps = list(d, 51,
		func(d *decoder) Kept { return Kept{d.run(), d.uvarint(), d.uvarint(), d.name(), d.names()} },
		func(x, y Kept) int { return bytes.Compare(x.Run[:], y.Run[:]) })
	return w
}

// list reads a count and as many items of at least least bytes each, in strictly
// rising order. An empty list is nil.
func list[T any](d *decoder, least int, item func(*decoder) T, order func(x, y T) int) []T {
	n := d.uvarint()
	if n > uint64(len(d.b)/least) {
		d.fail(errCount)
	}
	if n == 0 || d.err != nil {
		return nil
	}
	all := make([]T, 0, n)
	for range n {
		t := item(d)
		if d.err != nil {
			return nil
		}
		if len(all) > 0 && order(all[len(all)-1], t) >= 0 {
			d.fail(errOrder)
			return nil
		}
		all = append(all, t)
	}
	return all
}
