package objects

import (
	"context"
	"slices"
	"strings"
)

// most is how many objects are held back while they are brought into the order
// of a walk: some 10 MB.
const most = 20_000

// all calls out for every object whose key begins with prefix, in the order of
// sources.Compare of the paths at which they stand.
func all(ctx context.Context, b Bucket, prefix string, most int, out func(path string, o Object) error) error {
	w := &sorter{ctx: ctx, bucket: b, most: most, out: out}
	base := prefix[:strings.LastIndexByte(prefix, '/')+1]
	err := w.place(prefix, base)
	if err == nil {
		err = w.upTo("")
	}
	if err == nil {
		err = w.strangers()
	}
	return err
}

// place begins a walk whose folder itself may be one that can't be a path.
func (w *sorter) place(prefix, base string) error {
	if wild(base, 0) != "" {
		return w.add(strange{Object{Key: prefix}, true})
	}
	return w.prefix(prefix, base)
}

// strangers gives out what goes below unusual, which stands behind all others.
func (w *sorter) strangers() error {
	odd := w.odd
	w.odd = nil
	slices.SortStableFunc(odd, func(a, b strange) int { return strings.Compare(a.object.Key, b.object.Key) })
	within := "" // the prefix that was listed last
	last := ""
	give := func(o Object) error {
		if o.Key <= last {
			if o.Key < last {
				return &DisorderError{len(odd)}
			}
			return nil
		}
		last = o.Key
		return w.out(hexPath(o.Key), o)
	}
	for _, s := range odd {
		if within != "" && strings.HasPrefix(s.object.Key, within) {
			continue
		}
		if !s.prefix {
			if err := give(s.object); err != nil {
				return err
			}
			continue
		}
		within = s.object.Key
		for o, err := range w.bucket.List(w.ctx, within, 0) {
			if err == nil {
				err = give(o)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
