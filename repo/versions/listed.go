package versions

import (
	"context"
	"errors"
	"iter"

	table "ivyvault/index/versions"
)

// List returns the names that the directory had, in ascending order, from the
// first that is greater than after. After an error it ends. The names share no
// memory with pages.
func (t *Tabled) List(ctx context.Context, path, after string) iter.Seq2[Child, error] {
	return func(yield func(Child, error) bool) {
		path = clean(path)
		for {
			v := t.hold()
			done, err := v.names(ctx, path, &after, yield)
			t.release(v)
			switch {
			case done:
				return
			case errors.Is(err, table.ErrTooLong):
				t.all.List(ctx, path, after)(yield)
				return
			case t.gaveUp(v, err):
				// It goes on from the snapshots, after the last name.
			default:
				yield(Child{}, err)
				return
			}
		}
	}
}

// names yields the names after *after, which it moves on, from the table and
// from the snapshots that it lacks. done reports that there is no more to do.
func (v *view) names(ctx context.Context, path string, after *string, yield func(Child, error) bool) (done bool, err error) {
	give := func(c Child) bool {
		*after = c.Name
		return yield(c, nil)
	}
	below := &below{view: v}
	if v.table != nil {
		below.ch = v.table.Children(path, *after)
		defer below.ch.Close()
	}
	have := below.next()
	if v.missing > 0 {
		for c, err := range v.rest.List(ctx, path, *after) {
			if err != nil {
				return false, err
			}
			for ; have && below.c.Name < c.Name; have = below.next() {
				if !give(below.c) {
					return true, nil
				}
			}
			if err := below.err(); err != nil {
				return false, err
			}
			if have && below.c.Name == c.Name {
				c.File, c.Dir = c.File || below.c.File, c.Dir || below.c.Dir
				have = below.next()
			}
			if !give(c) {
				return true, nil
			}
		}
	}
	for n := 0; have; n++ {
		if n%1024 == 1023 && ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if !give(below.c) {
			return true, nil
		}
		have = below.next()
	}
	err = below.err()
	return err == nil, err
}

// below goes over the names that the table has below a directory, without those
// that no snapshot of the list has. ch is nil where there is no table.
type below struct {
	view *view
	ch   *table.Children
	c    Child
}

func (b *below) next() bool {
	if b.ch == nil {
		return false
	}
	for {
		name, spans, ok := b.ch.Next()
		if !ok {
			return false
		}
		b.c = Child{}
		if b.view.note(&b.c, spans); b.c.File || b.c.Dir {
			b.c.Name = string(name)
			return true
		}
	}
}

func (b *below) err() error {
	if b.ch == nil {
		return nil
	}
	return b.ch.Err()
}
