// Package system captures whole systems: an engine with its databases, its
// search server, its documents and its directories, part by part in the order
// that keeps them consistent, and puts them back.
//
// Nouns:
//
//   - A Plan says, before anything runs, what is captured, in which stages and
//     why, and by which steps it goes back.
//   - A Stage is a set of parts that are captured at the same time.
//   - A Part is captured by its own source into its own directory.
//   - The manifest says how a snapshot was taken; the run book, beside it, how
//     it goes back.
//
// Promise: a part that fails makes the snapshot incomplete and is named; what
// was stopped for the capture is started again, or its name and how to start it
// stand in a record that outlives this process.
package system

import (
	"context"
	"time"

	"ivyvault/repo/backup"
	"ivyvault/sources"
	"ivyvault/system/hook"
)

// Plan says how one system is captured and goes back.
type Plan struct {
	Name    string
	Type    string // "axon-ivy", "flowable", "axonserver", "wso2is", "custom"
	Product string // in words: "Axon Ivy Engine"
	Version string // of the engine, "" where it isn't known
	Java    string // version that the engine runs on, "" where it isn't known
	Mode    sources.Consistency
	// Before and After run around the capture; After also where it failed.
	Before, After []hook.Hook
	// Stop and Start are of a cold capture. Stopped fails while the system runs
	// or can't be seen to have stopped; Started while it does not run.
	Stop, Start      *hook.Hook
	Stopped, Started func(context.Context) error

	Checks    []Check // of the running system, before a hot capture and after every one
	Stages    []Stage
	Compare   []Compare // after the stages, on what was captured
	Restore   []Step
	Protect   bool
	Tags      []string
	Uncovered []string // what the plan does not capture, in words
	Notes     []string
}

// Stage is a set of parts that are captured at the same time.
type Stage struct {
	Name  string
	Why   string // why it stands where it stands
	Parts []Part
	// Ready waits until the stage may begin, nil is at once: a queue is empty,
	// a server answers. An error fails all of the stage's parts.
	Ready func(context.Context) error
	// Within is how long after the begin of the stage named From this one may
	// end; both are begun again where it took longer. 0 is without a bound.
	Within time.Duration
	From   string
}

// Part is one part of the system.
type Part struct {
	Path   string // of its directory in the snapshot: "databases/system"
	Kind   string // "postgresql", "folder"
	What   string // in words: "the database AxonIvySystemDatabase on db1:5432"
	Source sources.Source
}

// Check looks at something of the running system.
type Check struct {
	Name string
	Look func(context.Context) (said string, err error)
}

// Compare looks at whether captured parts fit together.
type Compare struct {
	Name string
	// Look returns what does not fit: errors make the snapshot incomplete,
	// remarks are only listed.
	Look func(ctx context.Context, parts []backup.Outcome) (wrong, remarks []string, err error)
}

// Step is one step of a restore, in the words of the run book.
type Step struct {
	Title string
	Part  string   // of the system that it puts back; "" where it is something else
	Why   []string // sentences
	Do    []string // commands, a shell line each, as IvyVault does it
	Hand  []string // commands to do the same from the mount, without IvyVault
}

// part returns the part at a path.
func (p *Plan) part(path string) (Part, bool) {
	for _, s := range p.Stages {
		for _, x := range s.Parts {
			if x.Path == path {
				return x, true
			}
		}
	}
	return Part{}, false
}
