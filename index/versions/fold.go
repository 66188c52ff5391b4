package versions

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"ivyvault/index"
	"ivyvault/index/generation"
)

// ErrLeaveOut is what an error of a Feed may be, to say that the snapshot can't
// be read: the table then does without it.
var ErrLeaveOut = errors.New("leave this snapshot out of the table of versions")

// ErrFolding is what Fold's error Is where another process is folding: nothing
// need be done.
var ErrFolding = generation.ErrBusy

// Put takes the state that stands at the path dir/name in a snapshot. dir is
// slash separated, "" for the root.
type Put func(dir, name string, s State) error

// Feed calls put for every path whose state differs between two snapshots of a
// chain: for what is gone with the zero State. It may call it for others too.
// Where before is the zero Snapshot everything that stands in s differs. An
// error that Is ErrLeaveOut takes back what was put.
type Feed func(ctx context.Context, before, s Snapshot, put Put) error

// Report says what a fold made.
type Report struct {
	Snapshots int   `json:"snapshots"` // in the new generation
	Added     int   `json:"added"`     // of them
	LeftOut   int   `json:"left_out"`  // that could not be read
	Postponed int   `json:"postponed"` // for the next fold: so much changed
	Changes   int64 `json:"changes"`   // that were put
	Paths     int64 `json:"paths"`
	Spans     int64 `json:"spans"`
}

// Sizes of a fold, in bytes.
const (
	arenaSize = 8 << 20  // of the changes that are sorted at once
	mostRuns  = 8 << 30  // of sorted changes on disk
	spareRoom = 64 << 20 // that stays free on the disk
	perRow    = 48       // roughly, of a row beside its path, in a new generation
)

// Fold writes a new generation in dir that holds the snapshots of live and no
// others. The names of chains differ; the snapshots of a chain are compared in
// the given order. Where nothing would change nothing is written.
//
// It runs beside readers in any number of processes. It should run in a process
// of its own: on a full disk, writing mapped files can kill it. Memory is
// bounded whatever the number of paths and snapshots. Whatever the error, the
// present generation stays in place, except where it is damaged.
func Fold(ctx context.Context, dir string, live []Chain, feed Feed) (Report, error) {
	return foldSized(ctx, dir, live, feed, arenaSize, mostRuns)
}

// errSame ends a fold that would change nothing.
var errSame = errors.New("the table of versions is up to date")

func foldSized(ctx context.Context, dir string, live []Chain, feed Feed, arena int, most int64) (Report, error) {
	var rep Report
	err := generation.Make(dir, func(tmp string) ([]byte, error) {
		// A generation that can't be opened is one that this fold replaces.
		t, err := OpenTable(dir)
		if err != nil {
			t = nil
		} else {
			defer t.Close()
		}
		f := &fold{ctx: ctx, table: t, tmp: tmp, most: most, runs: newRuns(tmp, arena)}
		defer f.runs.remove()
		note, err := f.run(live, feed)
		rep = f.rep
		var damage *generation.DamageError
		if t != nil && errors.As(err, &damage) && damage.Path == t.gen.Path {
			// Otherwise every later fold would meet the same damage. Make
			// holds the lock under which CURRENT is changed.
			err = errors.Join(err, os.Remove(filepath.Join(dir, generation.Current)))
		}
		return note, err
	})
	if errors.Is(err, errSame) {
		err = nil
	}
	return rep, err
}

// fold is the state of one fold.
type fold struct {
	ctx   context.Context
	table *Table // nil: there is none
	tmp   string
	most  int64
	plan  *plan
	runs  *runs
	rep   Report
}

func (f *fold) run(live []Chain, feed Feed) ([]byte, error) {
	var have []Chain
	if f.table != nil {
		have = f.table.chains
	}
	f.plan = newPlan(have, live)
	for _, c := range f.plan.chains {
		f.rep.Snapshots += len(c.Snapshots)
	}
	if f.table != nil && !f.plan.stale() {
		return nil, errSame
	}
	for no := range f.plan.steps {
		if no > 0 && f.runs.bytes > f.most {
			f.rep.Postponed = len(f.plan.steps) - no
			break
		}
		if err := f.step(uint32(no), feed); err != nil {
			return nil, err
		}
	}
	f.rep.Changes = f.runs.total
	if err := f.room(); err != nil {
		return nil, err
	}
	return f.write()
}

// step feeds one snapshot.
func (f *fold) step(no uint32, feed Feed) error {
	st := &f.plan.steps[no]
	chain := &f.plan.chains[st.chain]
	var before Snapshot
	if n := len(chain.Snapshots); n > 0 {
		before = chain.Snapshots[n-1]
	}
	err := feed(f.ctx, before, st.snapshot, func(dir, name string, s State) error {
		if len(dir)+1+len(name) > MaxPath {
			return nil
		}
		if name == "" || s.Kind > maxKind {
			return errRow
		}
		if f.runs.total%roomEvery == 0 {
			if err := f.room(); err != nil {
				return err
			}
		}
		return f.runs.add(no, dir, name, s)
	})
	if errors.Is(err, ErrLeaveOut) && f.ctx.Err() == nil {
		f.rep.LeftOut++
		return nil
	}
	if err != nil {
		return err
	}
	st.done, st.at = true, uint32(len(chain.Snapshots))
	chain.Snapshots = append(chain.Snapshots, st.snapshot)
	f.rep.Snapshots++
	f.rep.Added++
	return nil
}

// roomEvery is the number of changes after which the room is looked at.
const roomEvery = 64 << 10

// room compares what the new generation is likely to need with what is free.
func (f *fold) room() error {
	need := spareRoom + int64(len(f.runs.arena)) + f.runs.total*perRow
	need += f.runs.bytes // once more, as rows
	if f.table != nil {
		for _, info := range f.table.db.Tables() {
			need += int64(info.OnDiskSize)
		}
	}
	var s unix.Statfs_t
	if err := unix.Statfs(f.tmp, &s); err != nil {
		return err
	}
	if have := int64(s.Bavail) * s.Bsize; have < need {
		return &index.SpaceError{Dir: filepath.Dir(f.tmp), Need: need, Have: have}
	}
	return nil
}
