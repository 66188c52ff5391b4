// Package prune takes out of the repository what no snapshot needs.
//
// Nouns:
//
//   - A victim is a live pack that goes: because nothing in it is needed, or
//     because what is needed is copied into new packs first.
//   - An orphan is a pack that no live index file names: what a run that was
//     broken off uploaded, or what a prune that was broken off left.
//   - A run is busy while its newest keep in the log is younger than the grace.
//
// Safety comes from the log alone (see package log): the sweep that removes is
// computed from the log just before it, and a writer whose packs were swept
// notices and stores them again. Objects are removed only after the sweep was
// won, so a prune that is broken off anywhere leaves orphans, which the next
// one finds.
//
// The grace, a day unless told otherwise, only spares runs that are under way
// the trouble of storing again. What busy runs keep is left alone. An orphan is
// marked first and goes when its mark is older than the grace; one that the log
// says was swept before goes at once. While a run is busy victims are treated
// like orphans; otherwise they go at once.
//
// Copies of a chunk in several packs are dropped only where the copy that stays
// was read and verified. Index files by backup keys are rewritten only after
// the packs that stay in them were verified, since this key then vouches for
// them.
package prune

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/seal"
)

// DefaultGrace is how long orphans stay, and how long a run counts as busy.
const DefaultGrace = 24 * time.Hour

// NoGrace lets everything go at once that no snapshot needs.
const NoGrace = time.Duration(-1)

// Options says what may stay.
type Options struct {
	MaxUnused Unused        // zero: 5 % of what is stored
	Grace     time.Duration // 0: DefaultGrace
	DryRun    bool          // compute, change nothing
	Now       time.Time     // zero: now
}

// Observer is told what goes on, in order.
type Observer interface {
	Step(what string)
	Progress(done, all int64) // bytes copied of bytes to be copied
	Notice(what string)
}

// Report is what a prune did, or with DryRun what it would do. Sizes are bytes
// as stored.
type Report struct {
	PacksBefore    int      `json:"packs_before"`
	BytesBefore    int64    `json:"bytes_before"`
	PacksUnused    int      `json:"packs_unused"`     // removed: nothing in them was needed
	PacksRepacked  int      `json:"packs_repacked"`   // removed: what was needed was copied
	BytesRepacked  int64    `json:"bytes_repacked"`   // copied
	PacksWritten   int      `json:"packs_written"`    // new ones
	BytesWritten   int64    `json:"bytes_written"`    //
	Orphans        int      `json:"orphans_removed"`  // packs
	OrphansWaiting int      `json:"orphans_waiting"`  // marked, younger than the grace
	VictimsWaiting int      `json:"packs_waiting"`    // the same of packs, for the sake of busy runs
	IndexRemoved   int      `json:"index_removed"`    // files
	IndexWritten   int      `json:"index_written"`    //
	Snapshots      int      `json:"snapshot_objects"` // of forgotten snapshots, removed
	RunsEnded      int      `json:"runs_ended"`       // whose keeps were older than the grace
	Verified       int      `json:"packs_verified"`   // of backup keys, read because their index files changed
	Freed          int64    `json:"bytes_freed"`      // by packs, less those written
	BytesAfter     int64    `json:"bytes_after"`      //
	UnusedAfter    int64    `json:"unused_after"`     // in packs that stay
	Notices        []string `json:"notices,omitempty"`
	Duration       float64  `json:"duration_seconds"`
	DryRun         bool     `json:"dry_run,omitempty"`
}

// tries is how often a prune begins anew because others changed what it
// computed with.
const tries = 5

// errAgain says that the log went on in a way that asks for another plan.
var errAgain = errors.New("other runs went on meanwhile")

// Run prunes r. It needs a full key. On error nothing that a snapshot needs was
// removed.
func Run(ctx context.Context, r *repo.Repo, opt Options, obs Observer) (Report, error) {
	if r.Role() != seal.Full {
		return Report{}, fmt.Errorf("prune: %w", repo.ErrNeedsFull)
	}
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	switch {
	case opt.Grace == 0:
		opt.Grace = DefaultGrace
	case opt.Grace < 0:
		opt.Grace = 0
	}
	began := time.Now()
	for try := 1; ; try++ {
		x := &run{r: r, opt: opt, obs: obs}
		err := x.once(ctx)
		x.rep.Duration = time.Since(began).Seconds()
		x.rep.DryRun = opt.DryRun
		if err == nil || !errors.Is(err, errAgain) {
			return x.rep, err
		}
		if try == tries {
			return x.rep, fmt.Errorf("nothing was removed: %w, %d times in a row: run prune again when less is going on", err, try)
		}
		x.step("other runs went on meanwhile: computing again")
	}
}

// once computes a plan and carries it out.
func (x *run) once(ctx context.Context) error {
	x.step("finding what snapshots need")
	if err := x.look(ctx); err != nil {
		return err
	}
	if err := x.decide(ctx); err != nil {
		return err
	}
	if x.opt.DryRun {
		x.expect()
		return nil
	}
	if err := x.mark(ctx); err != nil {
		return err
	}
	if err := x.rewrite(ctx); err != nil {
		x.discard(ctx)
		return err
	}
	if err := x.sweep(ctx); err != nil {
		return err
	}
	return x.remove(ctx)
}
