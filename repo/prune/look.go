package prune

import (
	"context"
	"errors"
	"fmt"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/reach"
	"ivyvault/repo/store"
	"ivyvault/repo/tree"
)

// action is what happens to a live pack.
type action uint8

const (
	stay action = iota
	drop        // nothing in it is needed
	copyOut
)

// run is the state of one try.
type run struct {
	r    *repo.Repo
	opt  Options
	obs  Observer
	rep  Report
	base *log.State
	ix   *index.Table
	rd   *tree.Reader

	packs  *reach.Packs
	need   *reach.Needed
	spared log.Spared
	kept   map[repo.Name]bool // packs of busy runs
	over   map[repo.Name]bool // packs of runs that are over
	act    []action           // by pack
	toMark []log.Name
	// several are needed chunks of which more than one copy is in need.Used, and
	// whether they were copied out.
	several map[chunk.Ref]bool

	there     map[repo.Name]int64 // orphans in the store, with their sizes
	here      []bool              // by pack: whether it is in the store
	orphans   map[repo.Name]bool  // those of them that are swept now
	swept     map[repo.Name]bool  // objects that were swept before, or forgotten
	affected  map[index.Name]bool // live index files to be replaced; false: only to be merged
	leftIndex []repo.Name         // index files without a place in the log, to be swept
	dead      []store.Name        // objects that may go without a sweep

	rewriter *repo.Rewriter
	newIndex []repo.Name
	body     log.Sweep
}

// pageCache is the memory for decoded pages: those above the present one.
const pageCache = 4 << 20

func (x *run) step(what string) {
	if x.obs != nil {
		x.obs.Step(what)
	}
}

func (x *run) notice(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	x.rep.Notices = append(x.rep.Notices, s)
	if x.obs != nil {
		x.obs.Notice(s)
	}
}

// look finds out what is needed and what is there.
func (x *run) look(ctx context.Context) (err error) {
	if _, err = x.r.Refresh(ctx); err != nil {
		return err
	}
	x.base = x.r.State()
	if x.ix, err = x.r.Index(ctx); err != nil {
		return err
	}
	if err := x.ix.Err(); err != nil {
		return fmt.Errorf("nothing was removed, since the index in the cache folder is damaged: remove that folder and try again: %w", err)
	}
	x.rd = tree.NewReader(x.r, x.r.Keys().ContentHash, pageCache)
	x.packs = reach.NewPacks(x.ix, x.base.HasIndex)
	x.need = reach.NewNeeded(x.packs)
	x.act = make([]action, x.packs.Len())
	x.several = map[chunk.Ref]bool{}
	for _, s := range x.base.Snapshots() {
		snap, err := x.r.SnapshotAt(ctx, repo.Name(s.Form))
		if err == nil {
			err = x.need.Tree(ctx, x.rd, snap.Root.Ref())
		}
		if err != nil {
			return x.stale(ctx, fmt.Errorf("nothing was removed, since what snapshot %s needs can't be found out: %w", repo.Name(s.ID).Short(), err))
		}
	}
	x.spared = x.base.Spare(x.opt.Now, x.opt.Grace)
	for _, id := range x.spared.Parents {
		if _, live := x.base.Form(id); live {
			continue
		}
		// It was forgotten under a busy run: as far as it can be read still, what
		// it needs stays, which only spares that run some work.
		if snap, err := x.r.SnapshotAt(ctx, repo.Name(id)); err == nil {
			_ = x.need.Tree(ctx, x.rd, snap.Root.Ref())
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := x.runs(ctx); err != nil {
		return err
	}
	return x.list(ctx)
}

// stale turns an error into errAgain where the log went on: what seems to be
// gone may have been swept by another prune.
func (x *run) stale(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, rerr := x.r.Refresh(ctx); rerr != nil {
		return err
	}
	if sweeps, known := x.r.State().SweptSince(x.base.Head().Number); len(sweeps) > 0 || !known {
		return errAgain
	}
	return err
}

// runs reads what busy runs and those that are over uploaded.
func (x *run) runs(ctx context.Context) error {
	x.kept, x.over = map[repo.Name]bool{}, map[repo.Name]bool{}
	take := func(n log.Name, into map[repo.Name]bool) error {
		f, _, err := x.r.IndexFile(ctx, repo.Name(n))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if !errors.Is(err, store.ErrNotExist) {
				x.notice("index file %s of a run that has not ended can't be read, its packs are not spared: %v", repo.Name(n), err)
			}
			return nil
		}
		for i := range f.Packs {
			into[repo.Name(f.Packs[i].Name)] = true
		}
		return nil
	}
	for _, n := range x.spared.Index {
		if err := take(n, x.kept); err != nil {
			return err
		}
	}
	for _, run := range x.spared.Over {
		k, _ := x.base.Keep(run)
		for _, n := range k.Index {
			if err := take(n, x.over); err != nil {
				return err
			}
		}
	}
	return nil
}

// list compares what is in the store with the log.
func (x *run) list(ctx context.Context) error {
	forms := map[repo.Name]bool{}
	for _, s := range x.base.Snapshots() {
		forms[repo.Name(s.Form)] = true
	}
	kept := map[repo.Name]bool{}
	for _, n := range x.spared.Index {
		kept[repo.Name(n)] = true
	}
	var index, snapshots []repo.Name
	for _, l := range []struct {
		t    store.Type
		into *[]repo.Name
	}{{store.Index, &index}, {store.Snapshot, &snapshots}} {
		err := x.r.Store().List(ctx, l.t, func(i store.Info) error {
			var n repo.Name
			if n.UnmarshalText([]byte(i.Name.Name)) == nil && !forms[n] && !kept[n] && !x.base.HasIndex(n) {
				*l.into = append(*l.into, n)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	// Packs come last: those of an index file that was seen above, which were
	// stored before it, are then not taken for gone.
	x.there, x.here = map[repo.Name]int64{}, make([]bool, x.packs.Len())
	err := x.r.Store().List(ctx, store.Pack, func(i store.Info) error {
		var n repo.Name
		if n.UnmarshalText([]byte(i.Name.Name)) != nil {
			return nil
		}
		x.rep.PacksBefore++
		x.rep.BytesBefore += i.Size
		if at, live := x.packs.Find(n); live {
			x.here[at] = true
		} else if !x.kept[n] {
			x.there[n] = i.Size
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := x.history(ctx, index, snapshots); err != nil {
		return err
	}
	for _, n := range snapshots {
		if x.swept[n] {
			x.dead = append(x.dead, store.Name{Type: store.Snapshot, Name: n.String()})
			x.rep.Snapshots++
		}
	}
	for _, n := range index {
		if x.swept[n] {
			x.dead = append(x.dead, store.Name{Type: store.Index, Name: n.String()})
		} else {
			x.leftIndex = append(x.leftIndex, n)
		}
	}
	return nil
}

// lookBack is how many entries of the log are searched for the fate of what is
// left over. A prune after each few forgets finds it in the last dozens.
const lookBack = 1024

// history reads the log backwards until it knows of each left object whether
// it was part of the repository once: what was can go without asking anybody.
func (x *run) history(ctx context.Context, lists ...[]repo.Name) error {
	x.swept = map[repo.Name]bool{}
	open := map[repo.Name]bool{}
	for n := range x.there {
		open[n] = true
	}
	for _, l := range lists {
		for _, n := range l {
			open[n] = true
		}
	}
	was := func(all ...log.Name) {
		for _, n := range all {
			if open[repo.Name(n)] {
				delete(open, repo.Name(n))
				x.swept[repo.Name(n)] = true
			}
		}
	}
	head := x.base.Head().Number
	for back := uint64(0); back < lookBack && back <= head && len(open) > 0; back++ {
		e, err := x.r.LogEntry(ctx, head-back)
		if err != nil {
			return err
		}
		switch b := e.Body.(type) {
		case log.Forget:
			was(b.Snapshots...)
		case log.Commit:
			was(b.Form, b.Replaces)
		case log.Sweep:
			was(b.Packs...)
			was(b.IndexRemoved...)
		}
	}
	return nil
}
