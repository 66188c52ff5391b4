package check

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// job is a pack to be read.
type job struct {
	k    int
	pack index.Pack
	file int // of x.files
}

// readAll reads the packs that were picked, several at once, in the order of
// the index files, which hold what they list.
func (x *run) readAll(ctx context.Context) error {
	chosen := x.pick.choose(x.known)
	for k, yes := range chosen {
		if yes {
			x.readAll_.Add(1)
			x.bytesAll_.Add(x.known.At(k).Size)
		}
	}
	workers := x.opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0) + 1
	}
	g, ctx := errgroup.WithContext(ctx)
	jobs := make(chan job)
	g.Go(func() error {
		defer close(jobs)
		for i := range x.files {
			f, _, err := x.r.IndexFile(ctx, x.files[i].name)
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				x.mu.Lock()
				x.files[i].whole = false
				x.mu.Unlock()
				continue // it was readable a moment ago: a sweep replaced it
			}
			for j := range f.Packs {
				k, ok := x.known.Find(f.Packs[j].Name)
				if !ok || !chosen[k] && !x.files[i].backup {
					continue
				}
				if !chosen[k] {
					x.mu.Lock()
					x.files[i].whole = false // read under another file, or not picked: not vouched for
					x.mu.Unlock()
					continue
				}
				chosen[k] = false
				select {
				case jobs <- job{k, f.Packs[j], i}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	for range workers {
		g.Go(func() error {
			v := x.r.NewVerifier()
			for j := range jobs {
				if err := x.readPack(ctx, v, &j); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (x *run) readPack(ctx context.Context, v *repo.Verifier, j *job) error {
	bad, err := v.Pack(ctx, &j.pack)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	x.read.Add(1)
	x.bytes_.Add(j.pack.Size)
	x.mu.Lock()
	x.rep.Read++
	x.rep.ReadBytes += j.pack.Size
	if err != nil {
		x.files[j.file].whole = false
	}
	for _, i := range bad {
		if i < x.known.At(j.k).Chunks {
			x.bad.Add(x.known.Spot(j.k, i))
		}
	}
	x.mu.Unlock()
	if err == nil {
		return nil
	}
	if isGone(err) {
		if x.known.At(j.k).Size > 0 && x.isBad(j.k) {
			return nil // it was missed before
		}
		// A prune may have swept it meanwhile.
		if _, rerr := x.r.Refresh(ctx); rerr != nil {
			return rerr
		}
		if swept(x.state, x.r.State(), j.pack.Name) {
			return nil
		}
	} else if !errors.Is(err, chunk.ErrDamaged) {
		return err
	}
	x.packDamage(j.k, err.Error())
	return nil
}

func (x *run) isBad(k int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, ok := x.byPack[k]
	return ok
}

// swept reports whether a sweep after base removed the pack.
func swept(base, now *log.State, pack log.Name) bool {
	all, _ := now.SweptSince(base.Head().Number)
	for _, s := range all {
		if slices.Contains(s.Packs, pack) {
			return true
		}
	}
	return false
}

// vouch signs, as a full key, for what backup keys wrote and was read whole:
// each of their index files is replaced by one of the same content.
func (x *run) vouch(ctx context.Context) error {
	if x.r.Role() != seal.Full {
		return nil
	}
	var sweep log.Sweep
	packs := 0
	for i := range x.files {
		f := &x.files[i]
		if !f.backup || !f.whole || x.kept(f.name) {
			continue
		}
		content, _, err := x.r.IndexFile(ctx, f.name)
		if err != nil {
			continue // replaced meanwhile
		}
		own, err := x.r.PutIndexFile(ctx, content)
		if err != nil {
			return fmt.Errorf("sign for what backup keys wrote: %w", err)
		}
		packs += len(content.Packs)
		sweep.IndexRemoved = append(sweep.IndexRemoved, f.name)
		sweep.IndexAdded = append(sweep.IndexAdded, own)
	}
	if len(sweep.IndexAdded) == 0 {
		return nil
	}
	done := false
	_, err := x.r.AppendLog(ctx, func(now *log.State) (log.Body, error) {
		if sweeps, known := now.SweptSince(x.state.Head().Number); len(sweeps) > 0 || !known {
			return nil, nil // it may have taken the new files for leftovers
		}
		for _, n := range sweep.IndexRemoved {
			if !now.HasIndex(n) {
				return nil, nil // another prune or check was faster
			}
		}
		err := log.CanSweep(now, sweep, func(log.Name) ([]log.Name, error) { return nil, nil })
		if errors.Is(err, log.ErrStillNamed) {
			return nil, nil // a run began to rely on one of them: next time
		}
		done = err == nil
		return sweep, err
	})
	if err != nil {
		return fmt.Errorf("sign for what backup keys wrote: %w", err)
	}
	gone := sweep.IndexAdded
	if done {
		x.rep.Vouched, gone = packs, sweep.IndexRemoved
	}
	for _, n := range gone {
		if err := x.r.Store().Remove(ctx, store.Name{Type: store.Index, Name: hexName(n)}); err != nil {
			x.notice("index file %s is not needed any more but could not be removed: %v", hexName(n), err)
		}
	}
	return nil
}

// kept reports whether a run that has not ended names the index file.
func (x *run) kept(n repo.Name) bool {
	for _, k := range x.state.Keeps() {
		if slices.Contains(k.Index, log.Name(n)) {
			return true
		}
	}
	return false
}
