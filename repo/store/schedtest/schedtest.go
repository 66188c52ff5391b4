// Package schedtest runs several processes over one store in every order in
// which their store operations can interleave, and checks an invariant in each
// state that they reach.
//
// Nouns: a Proc is a function that works on a store, one operation at a time; a
// World is a store with its processes and the invariant; a step is one
// operation together with all that its process does until its next operation.
//
// Promise: Search visits every state that some order of steps reaches. As the
// invariant is checked in each, a process that stops for ever at any of its
// operations is covered too. A process must be deterministic: what it does next
// may depend only on the answers that it got. Random bytes in objects and in
// their names are fine, as objects are told apart by who put them when.
//
// Two states are the same where each process got the same answers and the store
// holds the same objects; what follows them is followed once. Of two steps that
// don't touch one another not both orders are tried, since they end in the same
// state; the states between are visited all the same. Reads of what is there for
// good (config, keys, log entries) touch nothing and are done at once, without
// trying other orders.
package schedtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// Proc is a process. Run must have no two operations under way at once and
// must return when an operation returns an error that Is ErrStopped.
type Proc struct {
	Name string
	Run  func(ctx context.Context, s Store) error
}

// Store is what a process works on.
type Store interface {
	store.Store
	// Overwrite puts data whether or not something is there. No store does
	// this; it is for media with faults, see Racy.
	Overwrite(ctx context.Context, name store.Name, data []byte) error
	// History is a number that tells apart what the process may have seen so
	// far. It is the same in each execution in which the process got the same
	// answers. To ask for it is no operation.
	History() uint64
}

// World is what one execution begins with. Each execution needs its own.
type World struct {
	Store *mem.Store
	Procs []Proc
	// Check is called between steps, when no process runs. It may look at the
	// store and at what the processes noted.
	Check func(ctx context.Context) error
	// Independent, where it is set, tells of further operations that no
	// operation of another process can see or change. These are done at once.
	Independent func(kind string, name store.Name) bool
}

// Options bounds a search.
type Options struct {
	MaxStates int // give up after as many; 0: two million
	Workers   int // executions at once, each with a world of its own; 0: one
	// Preemptions bounds how often in one order a process is interrupted by
	// another one though it could go on; 0: no bound. The search is then
	// complete up to the bound.
	Preemptions int
}

// Stats tells what a search did.
type Stats struct {
	States     int // distinct states that were checked
	Executions int // times that the world was set up and run
	Steps      int // operations, over all executions
	Longest    int // choices in the longest order
	Violation  *Violation
}

func (s Stats) String() string {
	return fmt.Sprintf("%d states, %d executions, %d steps, longest order %d", s.States, s.Executions, s.Steps, s.Longest)
}

// Violation is the first state found in which Check failed.
type Violation struct {
	Err   error
	Order []string // each step: process, operation, answer
}

func (v *Violation) Error() string {
	return v.Err.Error() + ", after\n   " + strings.Join(v.Order, "\n   ")
}

// Explore searches all orders, logs the figures, and fails the test where a
// state violates the invariant or where the search was not complete.
func Explore(t testing.TB, setup func() World, o Options) Stats {
	t.Helper()
	stats, err := Search(t.Context(), setup, o)
	t.Logf("%v", stats)
	if err != nil {
		t.Fatal(err)
	}
	if stats.Violation != nil {
		t.Fatal(stats.Violation)
	}
	return stats
}
