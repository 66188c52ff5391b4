// Package schedtest runs several processes over one store in every order in
// which their store operations can interleave, and checks an invariant in each
// state that they reach.
//
// Nouns: a Proc is a function that works on a store, one operation at a time; a
// World is a store with its processes and the invariant; a step is one
// operation together with all that its process does until its next operation; a
// place is where a process stands, told by the answers that it got so far; a
// state is what the store holds, with the place of each process.
//
// Promise: Search visits every state that some order of steps reaches, but for
// those that tell nothing beyond the ones that it visits; what it leaves out and
// why is in reduce.go. As the invariant is checked in each, a process that stops
// for ever at any of its operations is covered too.
//
// The processes are not run side by side. What a process does next depends on
// its place alone, so each is run by itself, once for each place, with the
// answers that lead there; that two orders give it the same answers costs
// nothing the second time. Following the orders is then a matter of numbers.
// That it holds is checked whenever a process is run through the same place
// again: where it wants anything else than before, to the byte, Search fails.
//
// A process that begins something anew has forgotten most of its history. Where
// it tells what it still knows, histories that come to the same are one place,
// see Store.Remember: else their number decides how long a search takes.
package schedtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// Proc is a process. What it does next, to the byte, may depend only on the
// answers that it got. Run is called many times, concurrently too, and each call
// is the process from its start; so what a process knows it keeps in Run's
// variables. Run must have no two operations under way at once and must return
// when an operation returns an error that Is ErrStopped.
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
	// Note tells World.Check what the process has come to by its last operation.
	// To tell it is no operation.
	Note(what string)
	// Remember tells that what the process does from its next operation on, to
	// the byte, and what it notes then, follows from all that is given here and
	// from the answers that it gets from then on. Two histories of a process that
	// tell the same, and noted the same, are then followed as one. To tell it is
	// no operation; whoever never does only makes the search longer.
	Remember(all string)
}

// World is where a search begins, and what holds in it. Search changes nothing
// in it.
type World struct {
	Store *mem.Store
	Procs []Proc // at most four
	// Check is called for whatever the store comes to hold together with what
	// the processes noted by then. It is called concurrently.
	Check func(ctx context.Context, s *mem.Store, notes []string) error
	// Independent, where it is set, tells of further operations that no
	// operation of another process can see or change. These are done at once.
	// there reports whether the store holds an object.
	Independent func(kind string, name store.Name, there func(store.Name) bool) bool
}

// Options bounds a search.
type Options struct {
	MaxStates int  // give up after as many; 0: two hundred million
	Workers   int  // processes and checks that are run at once; 0: one
	Unreduced bool // do nothing at once, whatever it is
	Unmerged  bool // take no notice of Remember
	// Again is how many histories that Remember made one with another are run on
	// by themselves at the end, drawn by Seed: each with the answers of one way to
	// the end of that other one, which must take the process the same way.
	Again int
	Seed  uint64
	// Preemptions bounds how often in one order a process is interrupted by
	// another one though it could go on; 0: no bound. The search is then
	// complete up to the bound.
	Preemptions int
}

// Stats tells what a search did.
type Stats struct {
	States    int // distinct states
	Steps     int // from one state to another
	Stores    int // that differ in what is stored
	Checks    int // of stores with notes
	Places    int // of all processes: how often one was run
	Merged    int // of these, made one with another by Remember
	Longest   int // order, in steps
	Violation *Violation
}

func (s Stats) String() string {
	return fmt.Sprintf("%d states, %d steps, longest order %d; %d distinct stores, %d checks, %d runs of a process, %d merged",
		s.States, s.Steps, s.Longest, s.Stores, s.Checks, s.Places, s.Merged)
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
func Explore(t testing.TB, w World, o Options) Stats {
	t.Helper()
	stats, err := Search(t.Context(), w, o)
	t.Logf("%v", stats)
	if err != nil {
		t.Fatal(err)
	}
	if stats.Violation != nil {
		t.Fatal(stats.Violation)
	}
	return stats
}
