package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ivyvault/index"
	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/reach"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// run is the state of one check.
type run struct {
	r     *repo.Repo
	opt   Options
	obs   Observer
	pick  *subset
	state *log.State

	table *index.Table
	known *reach.Packs
	bad   reach.Spots // copies that can't be read
	files []fileInfo  // live index files

	mu      sync.Mutex // guards what follows
	rep     Report
	damages []Damage
	byPack  map[int]int // pack → its damage
	lost    int         // damage of chunks without a copy, plus one

	snaps, snapsAll   atomic.Int64
	read, readAll_    atomic.Int64
	bytes_, bytesAll_ atomic.Int64
}

// fileInfo is a live index file.
type fileInfo struct {
	name   repo.Name
	backup bool // signed by a backup key
	whole  bool // all of its packs were read and are whole
}

// Bounds of what a report names.
const (
	maxFiles   = 100
	maxNotices = 100
)

// damage notes one.
func (x *run) damage(d Damage) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.damages = append(x.damages, d)
}

func (x *run) notice(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.rep.Notices) < maxNotices {
		x.rep.Notices = append(x.rep.Notices, fmt.Sprintf(format, args...))
	}
}

func (x *run) tick(ctx context.Context) (stop func()) {
	if x.obs == nil {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				x.obs.Progress(Progress{
					Snapshots: int(x.snaps.Load()), SnapshotsAll: int(x.snapsAll.Load()),
					Packs: int(x.read.Load()), PacksAll: int(x.readAll_.Load()),
					Bytes: x.bytes_.Load(), BytesAll: x.bytesAll_.Load(),
				})
			case <-done:
				return
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

// keys checks the slots.
func (x *run) keys(ctx context.Context) error {
	return x.r.Store().List(ctx, store.Key, func(i store.Info) error {
		var n repo.Name
		if n.UnmarshalText([]byte(i.Name.Name)) != nil {
			return nil
		}
		if err := x.r.CheckSlot(ctx, n); err != nil && !errors.Is(err, store.ErrNotExist) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			x.damage(Damage{What: "key " + n.Short(), How: err.Error(),
				Do: "its password opens the repository no more: add a key with 'ivyvault key add' while another one works, then remove this one"})
		}
		return nil
	})
}

// index reads every live index file.
func (x *run) index(ctx context.Context) error {
	for _, n := range x.state.Index() {
		f, signer, err := x.r.IndexFile(ctx, repo.Name(n))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		x.rep.Index++
		if err != nil {
			x.damage(Damage{What: "index file " + hexName(n), How: err.Error(),
				Do: "bring this object back from a copy of the repository; what only it lists can't be found until then"})
			continue
		}
		x.files = append(x.files, fileInfo{repo.Name(n), signer.Role == seal.Backup, true})
		for i := range f.Packs {
			x.rep.Chunks += int64(len(f.Packs[i].Chunks))
		}
	}
	var err error
	x.table, err = x.r.IndexLenient(ctx, func(repo.Name, error) {})
	if err != nil {
		return err
	}
	x.known = reach.NewPacks(x.table, x.state.HasIndex)
	x.bad = x.known.NewSpots()
	return nil
}

// packs compares the packs that are there with those that are listed.
func (x *run) packs(ctx context.Context) error {
	there := make([]bool, x.known.Len())
	x.rep.Packs = x.known.Len()
	kept, err := x.keptPacks(ctx)
	if err != nil {
		return err
	}
	orphans, orphanBytes := 0, int64(0)
	err = x.r.Store().List(ctx, store.Pack, func(i store.Info) error {
		var n repo.Name
		if n.UnmarshalText([]byte(i.Name.Name)) != nil {
			return nil
		}
		k, ok := x.known.Find(n)
		if !ok {
			if !kept[n] {
				orphans++
				orphanBytes += i.Size
			}
			return nil
		}
		there[k] = true
		x.rep.Bytes += i.Size
		if want := x.known.At(k).Size; i.Size != want {
			x.badPack(k, fmt.Sprintf("it has %d bytes instead of %d", i.Size, want))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for k := range there {
		if there[k] {
			continue
		}
		// A list may miss what was put a moment ago; only a look decides.
		_, err := x.r.Store().Get(ctx, store.Name{Type: store.Pack, Name: hexName(x.known.At(k).Name)}, 0, 1)
		if errors.Is(err, store.ErrNotExist) {
			x.badPack(k, "it is gone")
		} else if err != nil {
			return err
		}
	}
	if orphans > 0 {
		do := "'ivyvault prune' clears them away"
		if len(x.damages) > 0 {
			do = "mend the damage first, they may be needed for it"
		}
		x.notice("%d packs of %d bytes belong to nothing that can be read: what a broken-off run or prune left, or what a run under way has just put; %s", orphans, orphanBytes, do)
	}
	return nil
}

// badPack makes a pack a damage, with all the chunks in it.
func (x *run) badPack(k int, how string) {
	p := x.known.At(k)
	for i := range p.Chunks {
		x.bad.Add(x.known.Spot(k, i))
	}
	x.packDamage(k, how)
}

// startAnew is what helps without a copy. A backup made before would rely on
// the lost chunks again: only a prune that finds nobody needing them takes them
// out of the index.
const startAnew = "forget all snapshots that suffer, prune, and then back up what is still there again"

func (x *run) packDamage(k int, how string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	what := "pack " + hexName(x.known.At(k).Name)
	// What is said once need not be said in every line of the cause.
	how = strings.NewReplacer("\n", "; ", what+" is damaged: ", "", what+": ", "").Replace(how)
	if d, ok := x.byPack[k]; ok {
		x.damages[d].How += "; " + how
		return
	}
	x.byPack[k] = len(x.damages)
	x.damages = append(x.damages, Damage{What: what, How: how, Do: "bring this object back from a copy of the repository; else " + startAnew})
}

// keptPacks returns the packs of runs under way or broken off.
func (x *run) keptPacks(ctx context.Context) (map[repo.Name]bool, error) {
	kept := map[repo.Name]bool{}
	for _, k := range x.state.Keeps() {
		for _, n := range k.Index {
			f, _, err := x.r.IndexFile(ctx, repo.Name(n))
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				x.notice("index file %s of a run that has not ended can't be read: %v", hexName(n), err)
				continue
			}
			for i := range f.Packs {
				kept[repo.Name(f.Packs[i].Name)] = true
			}
		}
	}
	return kept, nil
}

// objects looks for index files and snapshots that belong to nothing.
func (x *run) objects(ctx context.Context) error {
	named := map[repo.Name]bool{}
	for _, k := range x.state.Keeps() {
		for _, n := range k.Index {
			named[repo.Name(n)] = true
		}
	}
	for _, s := range x.state.Snapshots() {
		named[repo.Name(s.Form)] = true
	}
	for _, t := range []store.Type{store.Index, store.Snapshot} {
		left := 0
		err := x.r.Store().List(ctx, t, func(i store.Info) error {
			var n repo.Name
			if n.UnmarshalText([]byte(i.Name.Name)) == nil && !named[n] && !x.state.HasIndex(n) {
				left++
			}
			return nil
		})
		if err != nil {
			return err
		}
		if left > 0 {
			x.notice("%d objects in %s belong to nothing; 'ivyvault prune' clears away what it can", left, t)
		}
	}
	return nil
}
