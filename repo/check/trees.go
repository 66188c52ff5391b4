package check

import (
	"context"
	"errors"
	"fmt"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo"
	"ivyvault/repo/reach"
	"ivyvault/repo/tree"
)

// pageCache is the memory for decoded pages: those above the present one.
const pageCache = 4 << 20

// trees reads every snapshot and walks its tree, each page once.
func (x *run) trees(ctx context.Context) error {
	live := x.state.Snapshots()
	x.rep.Snapshots = len(live)
	x.snapsAll.Store(int64(len(live)))
	if !x.r.CanRead() {
		x.rep.Unchecked = append(x.rep.Unchecked, "what snapshots hold: this needs a key of the role full",
			"the contents of packs: this needs a key of the role full; their names were compared where --read-data was given")
		for _, s := range live {
			if err := x.r.VerifyForm(ctx, repo.Name(s.Form)); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				x.badSnapshot(repo.Name(s.ID), err)
			}
			x.snaps.Add(1)
		}
		return nil
	}
	w := x.newWalker()
	for _, s := range live {
		snap, err := x.r.SnapshotAt(ctx, repo.Name(s.Form))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			x.badSnapshot(repo.Name(s.ID), err)
			continue
		}
		if x.opt.Snapshots == nil || x.opt.Snapshots(snap) {
			if err := w.page(ctx, snap.Root.Ref(), nil, 0); err != nil {
				return err
			}
		}
		x.snaps.Add(1)
	}
	return nil
}

func (x *run) badSnapshot(id repo.Name, err error) {
	x.damage(Damage{What: "snapshot " + id.String(), How: err.Error(), Snapshots: []string{id.String()},
		Do: "bring this object back from a copy of the repository, or forget the snapshot"})
}

// walker follows trees as far as they can be read.
type walker struct {
	x    *run
	rd   *tree.Reader
	seen reach.Spots
	gone map[chunk.Ref]bool // chunks without a copy that were reported
	last chunk.Ref
	bufC []reach.Copy
	bufL []index.Location
}

func (x *run) newWalker() *walker {
	return &walker{x: x, rd: tree.NewReader(x.r, x.r.Keys().ContentHash, pageCache), seen: x.known.NewSpots(), gone: map[chunk.Ref]bool{}}
}

// maxGone bounds how many lost chunks are told apart.
const maxGone = 100_000

// first reports whether the chunk is met for the first time and may be read.
func (w *walker) first(ref chunk.Ref) bool {
	if ref == w.last {
		return false
	}
	w.last = ref
	w.bufC = w.x.known.Copies(ref, w.bufC[:0], &w.bufL)
	if len(w.bufC) > 0 {
		return w.seen.Add(w.bufC[0].Spot)
	}
	if len(w.gone) < maxGone && !w.gone[ref] {
		w.gone[ref] = true
		w.x.lostChunk(ref)
	}
	return false
}

// lostChunk makes chunks that nothing lists one damage.
func (x *run) lostChunk(ref chunk.Ref) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.lost == 0 {
		x.damages = append(x.damages, Damage{What: "the index",
			Do: "bring missing index files back from a copy of the repository; else " + startAnew})
		x.lost = len(x.damages)
	}
	x.damages[x.lost-1].How = fmt.Sprintf("chunks that snapshots need are in no live index file, for example %s", ref)
}

// page walks a page; up is the row of the page above that led to it.
func (w *walker) page(ctx context.Context, ref chunk.Ref, up *tree.Page, row int) error {
	if !w.first(ref) {
		return nil
	}
	p, err := w.rd.Load(ctx, ref)
	if err != nil {
		return w.unreadable(ctx, ref, err)
	}
	if how := misplaced(p, up, row); how != "" {
		return w.unreadable(ctx, ref, &chunk.DamageError{What: ref.String(), How: how})
	}
	if p.Level() > 0 {
		for i := range p.Len() {
			below, _ := p.Child(i)
			if err := w.page(ctx, below, p, i); err != nil {
				return err
			}
		}
		return nil
	}
	var n tree.Node
	for i := range p.Len() {
		p.Decode(i, &n)
		switch {
		case n.Type == tree.Dir:
			err = w.page(ctx, n.Tree, nil, 0)
		case n.Type == tree.File && n.Content.Form == tree.Listed:
			err = w.list(ctx, n.Content.Ref, n.Size, -1)
		case n.Type == tree.File && !n.Content.Ref.IsZero():
			w.first(n.Content.Ref)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// misplaced says how a page differs from what the page above announces.
func misplaced(p, up *tree.Page, row int) string {
	if up == nil {
		return ""
	}
	_, count := up.Child(row)
	switch {
	case p.Level() != up.Level()-1:
		return "its level is not that of its place"
	case p.Count() != count:
		return "it has not as many entries as were announced"
	case p.Len() > 0 && string(p.Name(0)) != string(up.Name(row)):
		return "its first name is not the one announced"
	}
	return ""
}

// list walks a content list of size bytes; level is that of its place, -1 for any.
func (w *walker) list(ctx context.Context, ref chunk.Ref, size uint64, level int) error {
	if !w.first(ref) {
		return nil
	}
	p, err := w.rd.LoadList(ctx, ref)
	if err == nil && (p.Size() != size || level >= 0 && p.Level() != level) {
		err = &chunk.DamageError{What: ref.String(), How: "it lists not as many bytes as were announced"}
	}
	if err != nil {
		return w.unreadable(ctx, ref, err)
	}
	for i := range p.Len() {
		it := p.Item(i)
		if it.Ref.IsZero() {
			continue
		}
		if p.Level() == 0 {
			w.first(it.Ref)
		} else if err := w.list(ctx, it.Ref, it.Size, p.Level()-1); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// unreadable makes a page that can't be read or decoded a damage of its packs.
func (w *walker) unreadable(ctx context.Context, ref chunk.Ref, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !errors.Is(err, chunk.ErrDamaged) && !errors.Is(err, chunk.ErrNotFound) && !isGone(err) {
		return err
	}
	x := w.x
	copies := x.known.Copies(ref, nil, &w.bufL)
	for _, c := range copies {
		x.mu.Lock()
		was := !x.bad.Add(c.Spot)
		x.mu.Unlock()
		if !was {
			x.packDamage(c.Pack, err.Error())
		}
	}
	return nil
}
