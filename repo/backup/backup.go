// Package backup captures a source into a snapshot.
//
// Nouns:
//
//   - An item is one entry of the source on its way through the pipeline.
//   - The parent is the newest snapshot of the same backup set that the running
//     key or a full key signed; what it holds unchanged is taken over without
//     being read.
//   - A finding is something that could not be read: the snapshot is then
//     incomplete. A notice is a remark: a file that vanished, a folder left out.
//
// The pipeline: one goroutine takes entries from the source, compares them with
// the parent and hands them on in order; readers open and read what is new,
// several files at once; the assembler takes the results in the source's order,
// bundles small contents and writes directories. So the same source gives the
// same chunks, however the goroutines are scheduled.
//
// Promise: Run returns a snapshot only after it was committed. What changed
// while it was read is never taken for unchanged next time.
package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/seal"
	"ivyvault/sources"
)

// Options says what is captured and how the snapshot is described.
type Options struct {
	Source      sources.Source
	System      *System  // in place of Source: several parts in one snapshot
	Paths       []string // absolute, as the user named them
	Host        string
	User        string
	Program     string
	Tags        []string
	Description string
	Protected   bool
	Time        time.Time // when the capture began; zero is now
	Parent      string    // id, "latest…", "" for the newest of the set, "none" to read everything
	Owners      func(uids, gids map[uint32]bool) *repo.Owners
	Readers     int  // files read at once; 0 chooses
	DryRun      bool // read and compare, store nothing
	// SkipUnchanged makes no snapshot where what is at the paths is what the
	// parent holds there. A backup key, which can't tell, makes one.
	SkipUnchanged bool
}

// Observer is told what goes on. Its methods may be called by several
// goroutines at once, and must not block for long.
type Observer interface {
	Finding(repo.Finding)
	Notice(path, what string)
	Progress(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Files, Dirs, Bytes int64 // seen so far
	BytesRead          int64
	Expected           int64  // bytes that the parent has in all, 0 where that isn't known
	Current            string // a path that is being read
}

// Report is what a run did.
type Report struct {
	Snapshot   repo.Name      `json:"snapshot_id"`
	Parent     *repo.Name     `json:"parent,omitempty"`
	Time       time.Time      `json:"time"`
	Duration   float64        `json:"duration_seconds"`
	Stats      repo.Stats     `json:"stats"`
	Incomplete bool           `json:"incomplete"`
	Findings   []repo.Finding `json:"findings,omitempty"`
	Omitted    int            `json:"findings_omitted,omitempty"`
	DryRun     bool           `json:"dry_run,omitempty"`
	Skipped    bool           `json:"skipped,omitempty"` // nothing had changed: no snapshot was made
}

// maxFindings is how many findings a snapshot names; more are counted.
const maxFindings = 1000

// errUnchanged ends a write whose snapshot would be its parent again.
var errUnchanged = errors.New("unchanged")

// Run captures the source into a new snapshot of r.
func Run(ctx context.Context, r *repo.Repo, opt Options, obs Observer) (Report, error) {
	if opt.Time.IsZero() {
		opt.Time = time.Now()
	}
	if obs == nil {
		obs = silent{}
	}
	var rep Report
	var record *recorder
	var used *usage
	var session *Session
	defer func() { record.drop(); session.drop() }()
	capture := func(ctx context.Context, put chunk.Putter, w *repo.Writer) (repo.Snapshot, error) {
		run, err := newRun(r, put, w, opt, obs)
		if err != nil {
			return repo.Snapshot{}, err
		}
		if opt.System != nil {
			session.drop() // of a try before this one
			snap, err := run.captureSystem(ctx)
			session, rep = run.session, run.report(snap)
			return snap, err
		}
		parent, err := findParent(ctx, r, opt, obs)
		if err != nil {
			return repo.Snapshot{}, err
		}
		record.drop() // of a try before this one
		record = run.record()
		run.recorder, used = record, run.usage
		snap, err := run.capture(ctx, parent)
		rep = run.report(snap)
		if err == nil && opt.SkipUnchanged && run.sameTops(ctx, parent) {
			err = errUnchanged
		}
		return snap, err
	}
	release, err := hold(r, opt)
	if err != nil {
		return rep, err
	}
	defer release()
	if opt.DryRun {
		_, err := capture(ctx, dryPutter{r.Keys()}, nil)
		rep.DryRun = true
		return rep, err
	}
	snap, err := r.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		return capture(ctx, w, w)
	})
	if errors.Is(err, errUnchanged) {
		rep.Skipped = true
		return rep, nil
	}
	if err != nil {
		return rep, err
	}
	rep.Snapshot = snap.ID
	rep.Incomplete = snap.Incomplete
	rep.Stats = *snap.Stats // the last packs included
	if session != nil {
		err = session.keepParts(snap.ID)
	} else {
		used.keep(r, opt)
		err = record.keep(snap.ID)
	}
	if err != nil {
		obs.Notice("", fmt.Sprintf("the local record for the next run could not be kept, it will read everything: %v", err))
	}
	return rep, nil
}

// dryPutter names chunks and stores nothing.
type dryPutter struct{ keys *chunk.Keys }

func (d dryPutter) Put(_ context.Context, kind chunk.Kind, p []byte) (chunk.Ref, error) {
	if len(p) == 0 {
		return chunk.Ref{}, errors.New("an empty chunk can't be stored")
	}
	ref, _ := d.keys.Name(kind, p, nil)
	return ref, nil
}

type silent struct{}

func (silent) Finding(repo.Finding)  {}
func (silent) Notice(string, string) {}
func (silent) Progress(Progress)     {}

var _ Observer = silent{}

// needsStates reports whether this key compares by local records because it
// can't read what is stored.
func needsStates(r *repo.Repo) bool { return r.Role() != seal.Full }
