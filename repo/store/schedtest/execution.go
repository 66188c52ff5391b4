package schedtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// ErrStopped is what operations return once an execution is over.
var ErrStopped = errors.New("the execution is over")

// execution is one run of a world. At any time at most one process runs; the
// others wait in their next operation, or have ended.
type execution struct {
	base   *mem.Store
	more   func(kind string, name store.Name) bool
	procs  []*proc
	over   chan struct{}
	all    sync.WaitGroup
	labels map[store.Name]uint64 // objects that are there and were put in this execution
	named  map[store.Name]uint64 // names that were ever put in this execution
	gone   map[store.Name]bool   // objects of the setup that were removed
	hash   uint64                // of what differs from the setup's store
	steps  int
	log    []line
}

// line is a step as a Violation shows it.
type line struct {
	proc  string
	op    op
	words string
}

func (x *execution) order() []string {
	var all []string
	for _, l := range x.log {
		if l.op.kind == "" {
			all = append(all, l.proc+" ends"+l.words)
		} else {
			all = append(all, fmt.Sprintf("%s: %s %s: %s", l.proc, l.op.kind, l.op.name, l.words))
		}
	}
	return all
}

type proc struct {
	x       *execution
	index   int
	name    string
	asks    chan op       // the next operation
	end     chan error    // Run's result
	go_     chan struct{} // permission for the operation
	pending op
	ended   bool
	trace   uint64 // of all operations and answers so far
}

// op is an operation that waits for its turn.
type op struct {
	kind   string
	name   store.Name
	off, n int64
}

func start(ctx context.Context, w World) *execution {
	x := &execution{
		base:   w.Store,
		more:   w.Independent,
		over:   make(chan struct{}),
		labels: map[store.Name]uint64{},
		named:  map[store.Name]uint64{},
		gone:   map[store.Name]bool{},
	}
	for i, p := range w.Procs {
		q := &proc{x: x, index: i, name: p.Name, asks: make(chan op), end: make(chan error, 1), go_: make(chan struct{}), trace: uint64(i)}
		x.procs = append(x.procs, q)
		x.all.Go(func() { q.end <- p.Run(ctx, &gate{q}) })
		q.wait()
	}
	return x
}

// wait lets the process run up to its next operation or its end.
func (p *proc) wait() {
	select {
	case p.pending = <-p.asks:
	case err := <-p.end:
		p.ended = true
		p.trace = mix(p.trace, 99)
		if err != nil {
			p.x.log = append(p.x.log, line{proc: p.name, words: ": " + err.Error()})
		} else {
			p.x.log = append(p.x.log, line{proc: p.name})
		}
	}
}

func (x *execution) step(i int) {
	x.steps++
	x.procs[i].go_ <- struct{}{}
	x.procs[i].wait()
}

// runIndependent does all waiting operations whose answer and effect no other
// process can change or see.
func (x *execution) runIndependent() {
	for i, p := range x.procs {
		for !p.ended && x.independent(p.pending) {
			x.step(i)
		}
	}
}

func (x *execution) independent(o op) bool {
	if x.more != nil && x.more(o.kind, o.name) {
		return true
	}
	if o.kind != "get" || (o.name.Type != store.Log && o.name.Type != store.Config && o.name.Type != store.Key) {
		return false
	}
	return x.label(o.name) != 0
}

func (x *execution) alive() []uint8 {
	var all []uint8
	for i, p := range x.procs {
		if !p.ended {
			all = append(all, uint8(i))
		}
	}
	return all
}

func (x *execution) fingerprint() uint64 {
	h := x.hash
	for _, p := range x.procs {
		h = mix(h, p.trace)
	}
	return h
}

// stop ends the execution and waits for its processes.
func (x *execution) stop() {
	close(x.over)
	x.all.Wait()
}

// label returns what tells the object under name from all others that may stand
// there, or 0 where there is none.
func (x *execution) label(name store.Name) uint64 {
	if l, put := x.labels[name]; put {
		return l
	}
	if x.gone[name] {
		return 0
	}
	if _, err := x.base.Get(context.Background(), name, 0, 0); err != nil {
		return 0
	}
	return text(name.String())
}

// nameHash is a hash of the name that does not depend on random bytes put by
// the processes.
func (x *execution) nameHash(name store.Name) uint64 {
	if name.Type != store.Log {
		if l, put := x.named[name]; put {
			return l
		}
	}
	return text(name.String())
}

// set notes that the object under name, labelled old before, is now another
// one, or none.
func (x *execution) set(name store.Name, old, label uint64) {
	if _, known := x.named[name]; !known && label != 0 {
		x.named[name] = label
	}
	h := x.nameHash(name)
	x.hash ^= mix(h, old) ^ mix(h, label)
	if label == 0 {
		delete(x.labels, name)
		x.gone[name] = true
		return
	}
	x.labels[name] = label
}

func (p *proc) answer(o op, a uint64, words string) {
	for _, v := range []uint64{text(o.kind), p.x.nameHash(o.name), uint64(o.off), uint64(o.n), a} {
		p.trace = mix(p.trace, v)
	}
	p.x.log = append(p.x.log, line{p.name, o, words})
}

// text is FNV-1a, never 0.
func text(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h | 1
}

// mix is the finalizer of splitmix64 over both values.
func mix(a, b uint64) uint64 {
	z := a*0x9e3779b97f4a7c15 + b + 0x632be59bd9b4e019
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
