package schedtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"ivyvault/repo/store"
)

// ErrStopped is what operations return once an execution is over.
var ErrStopped = errors.New("the execution is over")

// gate is the store of a process that is run by itself. At first its answers are
// those of a history; each operation after them waits until somebody who has an
// answer comes by.
type gate struct {
	path    []passed
	asks    chan asked
	answers chan *answer
	over    chan struct{}

	mu    sync.Mutex // held during an operation
	done  int        // operations of the path
	notes []string
	knows string // told by Remember since the last operation
}

var _ Store = (*gate)(nil)

// passed is one operation of a history, and the answer to it.
type passed struct {
	op     *op
	answer *answer
}

// asked is what a process wants next, or its end.
type asked struct {
	op    *op   // nil at its end
	err   error // that it ended with
	odd   error // it is not deterministic
	notes []string
	knows string // as of the last Remember, if that came after the last operation
}

func (g *gate) ask(o *op) (*answer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var a *answer
	if g.done < len(g.path) {
		was := g.path[g.done]
		if !was.op.is(o) {
			g.tell(asked{odd: fmt.Errorf("a process is not deterministic: it wants to %s %s where it did %s %s before (%d and %d bytes)",
				o.kind, o.name, was.op.kind, was.op.name, len(o.data), len(was.op.data))})
			<-g.over
			return nil, ErrStopped
		}
		a = was.answer
	} else {
		o.data = bytes.Clone(o.data)
		g.tell(asked{op: o})
		select {
		case a = <-g.answers:
		case <-g.over:
			return nil, ErrStopped
		}
	}
	g.done++
	g.knows = ""
	return a, a.err
}

func (g *gate) tell(a asked) {
	a.notes, a.knows = slices.Clone(g.notes), g.knows
	select {
	case g.asks <- a:
	case <-g.over:
	}
}

// Put implements store.Store.
func (g *gate) Put(_ context.Context, name store.Name, data []byte) (bool, error) {
	a, err := g.ask(&op{kind: "put", name: name, data: data})
	return err == nil && a.made, err
}

// Overwrite implements Store.
func (g *gate) Overwrite(_ context.Context, name store.Name, data []byte) error {
	_, err := g.ask(&op{kind: "overwrite", name: name, data: data})
	return err
}

// Get implements store.Store.
func (g *gate) Get(_ context.Context, name store.Name, off, n int64) ([]byte, error) {
	a, err := g.ask(&op{kind: "get", name: name, off: off, n: n})
	if err != nil {
		return nil, err
	}
	return append([]byte{}, a.data...), nil
}

// List implements store.Store. It answers with all that is there at its turn.
func (g *gate) List(_ context.Context, t store.Type, fn func(store.Info) error) error {
	a, err := g.ask(&op{kind: "list", name: store.Name{Type: t}})
	if err != nil {
		return err
	}
	for _, i := range a.infos {
		if err := fn(i); err != nil {
			return err
		}
	}
	return nil
}

// Remove implements store.Store.
func (g *gate) Remove(_ context.Context, name store.Name) error {
	_, err := g.ask(&op{kind: "remove", name: name})
	return err
}

// Note implements Store.
func (g *gate) Note(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notes = append(g.notes, what)
}

// Remember implements Store.
func (g *gate) Remember(all string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.knows = all
}

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
