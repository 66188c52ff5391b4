package schedtest

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"ivyvault/repo/store"
)

// gate is a process's store: each operation waits for its turn.
type gate struct{ p *proc }

var _ Store = (*gate)(nil)

func (g *gate) turn(o op) error {
	x := g.p.x
	select {
	case g.p.asks <- o:
	case <-x.over:
		return ErrStopped
	}
	select {
	case <-g.p.go_:
		return nil
	case <-x.over:
		return ErrStopped
	}
}

// Put implements store.Store.
func (g *gate) Put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	o := op{kind: "put", name: name}
	if err := g.turn(o); err != nil {
		return false, err
	}
	before := g.p.x.label(name)
	made, err := g.p.x.base.Put(ctx, name, data)
	if made {
		g.p.x.set(name, before, mix(g.p.trace, 7)|1)
		g.p.answer(o, 1, "made")
	} else {
		g.p.answer(o, 2, "was there")
	}
	return made, err
}

// Overwrite implements Store.
func (g *gate) Overwrite(ctx context.Context, name store.Name, data []byte) error {
	o := op{kind: "overwrite", name: name}
	if err := g.turn(o); err != nil {
		return err
	}
	g.p.x.set(name, g.p.x.label(name), mix(g.p.trace, 7)|1)
	g.p.x.base.Replace(name, data)
	g.p.answer(o, 1, "done")
	return nil
}

// Get implements store.Store.
func (g *gate) Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error) {
	o := op{"get", name, off, n}
	if err := g.turn(o); err != nil {
		return nil, err
	}
	data, err := g.p.x.base.Get(ctx, name, off, n)
	switch {
	case err == nil:
		g.p.answer(o, g.p.x.label(name), "there")
	case errors.Is(err, store.ErrNotExist):
		g.p.answer(o, 0, "absent")
	default:
		g.p.answer(o, 3, err.Error())
	}
	return data, err
}

// List implements store.Store. It answers with all that is there at its turn.
func (g *gate) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	o := op{kind: "list", name: store.Name{Type: t}}
	if err := g.turn(o); err != nil {
		return err
	}
	var all []store.Info
	var sum uint64
	err := g.p.x.base.List(ctx, t, func(i store.Info) error {
		all = append(all, i)
		sum += mix(g.p.x.nameHash(i.Name), 5)
		return nil
	})
	g.p.answer(o, sum, "done")
	if err != nil {
		return err
	}
	// Random names must not decide the order.
	slices.SortFunc(all, func(a, b store.Info) int {
		return cmp.Compare(g.p.x.nameHash(a.Name), g.p.x.nameHash(b.Name))
	})
	for _, i := range all {
		if err := fn(i); err != nil {
			return err
		}
	}
	return nil
}

// Remove implements store.Store.
func (g *gate) Remove(ctx context.Context, name store.Name) error {
	o := op{kind: "remove", name: name}
	if err := g.turn(o); err != nil {
		return err
	}
	if before := g.p.x.label(name); before != 0 {
		g.p.x.set(name, before, 0)
	}
	g.p.answer(o, 0, "done")
	return g.p.x.base.Remove(ctx, name)
}

// History implements Store.
func (g *gate) History() uint64 { return g.p.trace }

// Close implements store.Store.
func (g *gate) Close() error { return nil }

// Racy is a medium without put-if-absent: it looks whether something is there
// and, where not, puts in a second step, over whatever has come in between.
type Racy struct{ Store }

// Put implements store.Store, wrongly.
func (r Racy) Put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	_, err := r.Get(ctx, name, 0, 1)
	if err == nil {
		return false, nil
	}
	if !errors.Is(err, store.ErrNotExist) {
		return false, err
	}
	return true, r.Overwrite(ctx, name, data)
}
