package prune

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// mark notes in the log what waits for the grace.
func (x *run) mark(ctx context.Context) error {
	if len(x.toMark) == 0 {
		return nil
	}
	_, err := x.r.AppendLog(ctx, func(*log.State) (log.Body, error) { return log.Mark{Packs: x.toMark}, nil })
	if err == nil {
		return nil
	}
	return fmt.Errorf("mark what waits: %w", err)
}

// fileChunks is how many chunks go into one new index file.
const fileChunks = 200_000

// rewrite copies out what is needed of the victims and writes the index files
// that take the place of those that name them.
func (x *run) rewrite(ctx context.Context) (err error) {
	if len(x.affected) == 0 {
		return nil
	}
	x.step("copying what is needed out of packs that go")
	var file filing
	x.rewriter, err = x.r.NewRewriter(func(p index.Pack) error {
		x.rep.PacksWritten++
		x.rep.BytesWritten += p.Size
		return x.file(ctx, &file, p)
	})
	if err != nil {
		return err
	}
	var all, done int64
	for i, a := range x.act {
		if a == copyOut {
			all += x.need.Bytes[i]
		}
	}
	names := make([]index.Name, 0, len(x.affected))
	for n := range x.affected {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b index.Name) int { return slices.Compare(a[:], b[:]) })
	listed := map[index.Name]bool{} // packs that a new file lists, or that were copied out
	for _, n := range names {
		f, signer, err := x.r.IndexFile(ctx, repo.Name(n))
		if err != nil {
			return x.stale(ctx, fmt.Errorf("nothing was removed: %w", err))
		}
		if !x.affected[n] && signer.Role != seal.Full {
			delete(x.affected, n) // merging it would ask for a proof of its packs
			continue
		}
		for i := range f.Packs {
			p := &f.Packs[i]
			k, ok := x.packs.Find(p.Name)
			if !ok || listed[p.Name] || x.act[k] == drop {
				continue
			}
			listed[p.Name] = true
			if x.act[k] == copyOut {
				if err := x.copyOut(ctx, k, p); err != nil {
					return err
				}
				done += x.need.Bytes[k]
				if x.obs != nil {
					x.obs.Progress(done, all)
				}
				continue
			}
			if signer.Role != seal.Full {
				if err := x.prove(ctx, p); err != nil {
					return err
				}
			}
			if err := x.file(ctx, &file, *p); err != nil {
				return err
			}
		}
	}
	if err := x.rewriter.Finish(ctx); err != nil {
		return err
	}
	x.rep.BytesRepacked = done
	return x.putIndex(ctx, &file)
}

// filing is the index file that is being put together.
type filing struct {
	packs  []index.Pack
	chunks int
}

// file puts a pack into the open index file, and stores that where it is full:
// so no more is in memory than one of them lists.
func (x *run) file(ctx context.Context, f *filing, p index.Pack) error {
	f.packs = append(f.packs, p)
	if f.chunks += len(p.Chunks); f.chunks < fileChunks {
		return nil
	}
	return x.putIndex(ctx, f)
}

func (x *run) putIndex(ctx context.Context, f *filing) error {
	if len(f.packs) == 0 {
		return nil
	}
	n, err := x.r.PutIndexFile(ctx, index.File{Packs: f.packs})
	if err == nil {
		x.newIndex = append(x.newIndex, n)
		x.rep.IndexWritten++
	}
	*f = filing{}
	return err
}

// copyOut copies what is needed of pack k.
func (x *run) copyOut(ctx context.Context, k int, p *index.Pack) error {
	if uint32(len(p.Chunks)) > x.packs.At(k).Chunks {
		return fmt.Errorf("nothing was removed: index files disagree about pack %s: run check", repo.Name(p.Name))
	}
	need := make([]uint32, 0, x.need.Count[k])
	for i := range p.Chunks {
		if !x.need.Used.Has(x.packs.Spot(k, uint32(i))) {
			continue
		}
		c := &p.Chunks[i]
		ref := chunk.Ref{ID: c.ID, Kind: c.Kind, Size: c.Size}
		if done, has := x.several[ref]; done {
			continue
		} else if has {
			x.several[ref] = true
		}
		need = append(need, uint32(i))
	}
	if err := x.rewriter.Copy(ctx, p, need); err != nil {
		return x.stale(ctx, err)
	}
	return nil
}

// prove reads a pack that a backup key wrote, before this key vouches for it.
func (x *run) prove(ctx context.Context, p *index.Pack) error {
	_, err := x.r.NewVerifier().Pack(ctx, p)
	if err != nil {
		return x.stale(ctx, fmt.Errorf("nothing was removed: a pack that a backup key wrote is not whole; 'ivyvault check --read-data' tells which files suffer: %w", err))
	}
	x.rep.Verified++
	return nil
}

// discard removes what was written for a plan that was given up: no log entry
// names it.
func (x *run) discard(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for _, n := range x.newIndex {
		_ = x.r.Store().Remove(ctx, store.Name{Type: store.Index, Name: n.String()}) // the next prune finds what stays
	}
	if x.rewriter == nil {
		return
	}
	for _, p := range x.rewriter.Packs() {
		_ = x.r.Store().Remove(ctx, store.Name{Type: store.Pack, Name: p.String()})
	}
}

// sweep wins the log entry that removes. Before it is won nothing was removed.
func (x *run) sweep(ctx context.Context) error {
	b := &x.body
	for i, a := range x.act {
		if a != stay {
			b.Packs = append(b.Packs, x.packs.At(i).Name)
		}
	}
	for n := range x.orphans {
		b.Packs = append(b.Packs, log.Name(n))
	}
	for n := range x.affected {
		b.IndexRemoved = append(b.IndexRemoved, n)
	}
	for _, n := range x.leftIndex {
		b.IndexRemoved = append(b.IndexRemoved, log.Name(n))
	}
	for _, n := range x.newIndex {
		b.IndexAdded = append(b.IndexAdded, log.Name(n))
	}
	for _, l := range [][]log.Name{b.Packs, b.IndexRemoved} {
		slices.SortFunc(l, func(a, b log.Name) int { return slices.Compare(a[:], b[:]) })
	}
	b.Ended = x.spared.Over
	x.rep.RunsEnded = len(b.Ended)
	x.rep.IndexRemoved = len(b.IndexRemoved)
	if len(b.Packs)+len(b.IndexRemoved)+len(b.Ended) == 0 {
		return nil
	}
	x.step("removing")
	_, err := x.r.AppendLog(ctx, func(now *log.State) (log.Body, error) {
		if err := x.stillRight(ctx, now); err != nil {
			return nil, err
		}
		return *b, nil
	})
	if err == nil || x.won(ctx) {
		return nil
	}
	if errors.Is(err, errAgain) {
		x.discard(ctx)
	}
	return err
}

// won settles a sweep whose answer was lost: the log tells.
func (x *run) won(ctx context.Context) bool {
	if _, err := x.r.Refresh(context.WithoutCancel(ctx)); err != nil {
		return false
	}
	sweeps, _ := x.r.State().SweptSince(x.base.Head().Number)
	for _, s := range sweeps {
		if !same(s.Packs, x.body.Packs) || !same(s.Index, x.body.IndexRemoved) {
			continue
		}
		// Another prune may have had the same plan, but not the same new files.
		return len(x.newIndex) == 0 || x.r.State().HasIndex(log.Name(x.newIndex[0]))
	}
	return false
}

func same(sorted, list []log.Name) bool {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b log.Name) int { return slices.Compare(a[:], b[:]) })
	return slices.Equal(sorted, slices.Compact(list))
}

// stillRight checks the sweep against the log just before it: what came since
// the plan was made must not need what goes.
func (x *run) stillRight(ctx context.Context, now *log.State) error {
	sweeps, known := now.SweptSince(x.base.Head().Number)
	if len(sweeps) > 0 || !known {
		return errAgain
	}
	for _, run := range x.body.Ended {
		was, _ := x.base.Keep(run)
		if is, kept := now.Keep(run); kept && is.Entry != was.Entry {
			return errAgain // it goes on after all
		}
	}
	for _, n := range x.leftIndex {
		if now.HasIndex(log.Name(n)) {
			return errAgain // it belonged to nothing, and was committed since
		}
	}
	if _, err := x.r.Refresh(ctx); err != nil { // the index of what came since
		return err
	}
	for _, s := range now.Snapshots() {
		if form, live := x.base.Form(s.ID); live && form == s.Form {
			continue
		}
		if err := x.spares(ctx, s); err != nil {
			return err
		}
	}
	err := log.CanSweep(now, x.body, func(n log.Name) ([]log.Name, error) {
		if x.base.HasIndex(n) || slices.Contains(x.newIndex, repo.Name(n)) {
			return nil, nil // computed from it
		}
		f, _, err := x.r.IndexFile(ctx, repo.Name(n))
		if errors.Is(err, store.ErrNotExist) {
			return nil, nil // of a run whose keep says it only
		}
		packs := make([]log.Name, len(f.Packs))
		for i := range f.Packs {
			packs[i] = f.Packs[i].Name
		}
		return packs, err
	})
	if errors.Is(err, log.ErrStillNamed) {
		return errAgain
	}
	return err
}

// spares makes sure that a snapshot that came since needs nothing that goes.
func (x *run) spares(ctx context.Context, s log.Snapshot) error {
	snap, err := x.r.SnapshotAt(ctx, repo.Name(s.Form))
	if err != nil {
		return err
	}
	ix, err := x.r.Index(ctx)
	if err != nil {
		return err
	}
	gone := make(map[index.Name]bool, len(x.body.Packs))
	for _, p := range x.body.Packs {
		gone[p] = true
	}
	var buf []index.Location
	return x.rd.Chunks(ctx, snap.Root.Ref(), func(ref chunk.Ref) (bool, error) {
		for _, c := range x.packs.Copies(ref, nil, &buf) {
			if x.need.Used.Has(c.Spot) {
				return false, nil // the plan keeps it, and all below it
			}
		}
		for _, l := range ix.All(ref.ID, ref.Kind, buf[:0]) {
			if !gone[l.Pack] {
				return ref.Kind != chunk.Data, nil
			}
		}
		return false, errAgain
	})
}

// tidier is a medium on which broken-off puts leave something.
type tidier interface {
	RemoveStale(ctx context.Context, age time.Duration) (files int, size int64, err error)
}

// staleAge is the age below which what a put left may belong to one under way.
const staleAge = time.Hour

// removers is how many objects are removed at once.
const removers = 8

// remove takes away the objects of what the log says is gone.
func (x *run) remove(ctx context.Context) error {
	x.count()
	all := x.dead
	slices.SortFunc(all, func(a, b store.Name) int { return strings.Compare(a.String(), b.String()) })
	for _, p := range x.body.Packs {
		all = append(all, store.Name{Type: store.Pack, Name: repo.Name(p).String()})
	}
	for _, n := range x.body.IndexRemoved {
		all = append(all, store.Name{Type: store.Index, Name: repo.Name(n).String()})
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(x.r.AtOnce(removers))
	for _, n := range all {
		g.Go(func() error { return x.r.Store().Remove(gctx, n) })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("what is not needed was taken out of the repository, but not all of it could be removed; the next prune tries again: %w", err)
	}
	if tmp, ok := store.Ability[tidier](x.r.Store()); ok {
		if _, _, err := tmp.RemoveStale(ctx, max(x.opt.Grace, staleAge)); err != nil {
			x.notice("files that broken-off runs left could not be removed: %v", err)
		}
	}
	x.rep.Freed -= x.rep.BytesWritten
	x.rep.BytesAfter = x.rep.BytesBefore - x.rep.Freed
	return nil
}
