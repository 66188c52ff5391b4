// Package check looks for damage.
//
// Nouns:
//
//   - Damage is what makes a snapshot, or a part of one, unreadable now or
//     later. Each is one Damage in the Report, with the files that suffer.
//   - A notice is what is no damage: an object that nothing needs, or the left
//     part of a run that was broken off.
//   - A pack is read when all of its bytes were fetched and every frame was
//     decrypted and compared with its hash.
//
// Promise: without ReadData all that names something is followed: the log, the
// index files, the trees of all snapshots, down to chunks that an index file
// lists in a pack that is there with its right size. With ReadData every byte
// is verified too. A check changes nothing but, with ReadData under a full key,
// who vouches for packs that other keys wrote: see Options.
package check

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/log"
)

// Options says how much is checked.
type Options struct {
	// ReadData reads every live pack. Under a full key the packs of writers
	// that only have a backup key are then vouched for by this key, so that all
	// others may deduplicate against them.
	ReadData bool
	// Subset narrows ReadData: "n/t" is part n of t, "x%" a share, "500M" a
	// number of bytes, both chosen at random; "" is all.
	Subset string
	// Snapshots narrows whose trees are walked; nil is all.
	Snapshots func(repo.Snapshot) bool
	// Workers is how many packs are read at once; 0 chooses.
	Workers int
}

// Observer is told what goes on. Its methods may be called by several
// goroutines at once, and must not block for long.
type Observer interface {
	Damage(Damage)
	Progress(Progress)
}

// Progress is how far a check is.
type Progress struct {
	Snapshots, SnapshotsAll int
	Packs, PacksAll         int   // read
	Bytes, BytesAll         int64 // of packs, read
}

// Damage is one thing that is wrong.
type Damage struct {
	What      string         `json:"what"`                // the stored thing, for example "pack 03ab…"
	How       string         `json:"how"`                 // how it shows
	Do        string         `json:"do"`                  // what to do next
	Snapshots []string       `json:"snapshots,omitempty"` // ids of those that suffer
	Files     []repo.Finding `json:"files,omitempty"`     // that suffer, from the first snapshot on that has them
	Omitted   int            `json:"files_omitted,omitempty"`
}

// Report is what a check found. Sizes are bytes.
type Report struct {
	Damaged   bool     `json:"damaged"`
	Damages   []Damage `json:"damages,omitempty"`
	Notices   []string `json:"notices,omitempty"`
	Unchecked []string `json:"unchecked,omitempty"` // what this key could not check
	Entries   int      `json:"log_entries"`
	Snapshots int      `json:"snapshots"`
	Index     int      `json:"index_files"`
	Packs     int      `json:"packs"`
	Chunks    int64    `json:"chunks"`
	Bytes     int64    `json:"packs_bytes"`
	Read      int      `json:"packs_read"`
	ReadBytes int64    `json:"packs_read_bytes"`
	Vouched   int      `json:"packs_vouched"` // of other writers, for which this key vouches now
	Duration  float64  `json:"duration_seconds"`
}

// Run checks the repository. An error means that the check itself could not go
// on; what it finds is in the Report.
func Run(ctx context.Context, r *repo.Repo, opt Options, obs Observer) (Report, error) {
	pick, err := parseSubset(opt.Subset)
	if err != nil {
		return Report{}, err
	}
	began := time.Now()
	for try := 1; ; try++ {
		// Where the end of the log is damaged, what was read before is checked,
		// and the walk over the log names the entry.
		_, damaged := r.Refresh(ctx)
		if damaged != nil && !errors.Is(damaged, chunk.ErrDamaged) {
			return Report{}, damaged
		}
		x := &run{r: r, opt: opt, obs: obs, pick: pick, byPack: map[int]int{}}
		if damaged != nil {
			x.damage(Damage{What: "the log", How: damaged.Error(), Do: "change nothing in the repository until the log is whole again"})
		}
		stop := x.tick(ctx)
		err = x.all(ctx)
		stop()
		// What seems to be gone may have been swept by a prune that ran beside
		// this check: only what is found without one counts.
		again := false
		if err == nil && len(x.damages) > 0 && try < tries {
			if _, rerr := r.Refresh(ctx); rerr == nil {
				sweeps, known := r.State().SweptSince(x.state.Head().Number)
				again = len(sweeps) > 0 || !known
			}
		}
		if again {
			continue
		}
		if err == nil {
			err = x.end(ctx)
		}
		x.rep.Duration = time.Since(began).Seconds()
		x.rep.Damages = x.damages
		x.rep.Damaged = len(x.damages) > 0
		return x.rep, err
	}
}

// tries is how often a check begins anew because a prune ran beside it.
const tries = 3

func (x *run) all(ctx context.Context) error {
	x.state = x.r.State()
	for _, step := range []func(context.Context) error{x.keys, x.log, x.index, x.packs, x.objects} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return x.trees(gctx) })
	if x.opt.ReadData {
		g.Go(func() error { return x.readAll(gctx) })
	}
	return g.Wait()
}

// end names what suffers, tells the observer, and vouches.
func (x *run) end(ctx context.Context) error {
	if err := x.affected(ctx); err != nil {
		return err
	}
	for i := range x.damages {
		if x.obs != nil {
			x.obs.Damage(x.damages[i])
		}
	}
	if x.opt.ReadData && x.opt.Subset == "" {
		return x.vouch(ctx)
	}
	return nil
}

// log follows the chain from its first entry.
func (x *run) log(ctx context.Context) error {
	_, err := x.r.WalkLog(ctx, func(n uint64, _ *log.Entry, wrong error) error {
		x.rep.Entries++
		if wrong != nil {
			x.damage(Damage{What: log.ObjectName(n).String(), How: wrong.Error(),
				Do: "bring this object back from a copy of the repository; until then write nothing to it"})
		}
		return ctx.Err()
	})
	return err
}

func hexName(n [32]byte) string { return hex.EncodeToString(n[:]) }
