package check

import (
	"context"
	"errors"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/store"
	"ivyvault/repo/tree"
)

func isGone(err error) bool { return errors.Is(err, store.ErrNotExist) }

// affected names the files and snapshots that suffer from what was found. It
// walks the trees again, only where there is damage; a subtree that was found
// without is not walked for the next snapshot.
func (x *run) affected(ctx context.Context) error {
	if !x.r.CanRead() || len(x.byPack) == 0 && x.lost == 0 {
		return nil
	}
	a := &affected{walker: x.newWalker()}
	for _, s := range x.state.Snapshots() {
		snap, err := x.r.SnapshotAt(ctx, repo.Name(s.Form))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || x.opt.Snapshots != nil && !x.opt.Snapshots(snap) {
			continue
		}
		a.snap = repo.Name(s.ID).String()
		if _, err := a.page(ctx, snap.Root.Ref(), ""); err != nil {
			return err
		}
	}
	for _, d := range x.byPack {
		if len(x.damages[d].Snapshots) == 0 {
			x.damages[d].Do = "no snapshot suffers: another copy of what it holds is whole, or nothing needs it; 'ivyvault prune' replaces it"
		}
	}
	return nil
}

// affected is a walker whose seen are the pages below which all is well.
type affected struct {
	*walker
	snap string
}

// suffers returns the damage of a chunk that can't be read, or -1.
func (a *affected) suffers(ref chunk.Ref) int {
	x := a.x
	a.bufC = x.known.Copies(ref, a.bufC[:0], &a.bufL)
	if len(a.bufC) == 0 {
		return x.lost - 1
	}
	for _, c := range a.bufC {
		if !x.bad.Has(c.Spot) {
			return -1
		}
	}
	if d, ok := x.byPack[a.bufC[0].Pack]; ok {
		return d
	}
	return -1
}

// hit notes that a path of the present snapshot suffers from damage d.
func (a *affected) hit(d int, path, what string) {
	dam := &a.x.damages[d]
	if n := len(dam.Snapshots); n == 0 || dam.Snapshots[n-1] != a.snap {
		if n < maxFiles {
			dam.Snapshots = append(dam.Snapshots, a.snap)
		}
	}
	f := repo.NewFinding(path, what)
	for _, have := range dam.Files {
		if have == f {
			return
		}
	}
	if len(dam.Files) < maxFiles {
		dam.Files = append(dam.Files, f)
	} else {
		dam.Omitted++
	}
}

// page reports whether all below the page is well.
func (a *affected) page(ctx context.Context, ref chunk.Ref, path string) (well bool, err error) {
	copies := a.x.known.Copies(ref, a.bufC[:0], &a.bufL)
	if len(copies) > 0 && a.seen.Has(copies[0].Spot) {
		return true, nil
	}
	spot := uint64(0)
	if len(copies) > 0 {
		spot = copies[0].Spot
	}
	if d := a.suffers(ref); d >= 0 {
		a.hit(d, path, "a part of this directory can't be listed, with all below it")
		return false, nil
	}
	p, err := a.rd.Load(ctx, ref)
	if err != nil {
		return false, ctx.Err() // it is bad in a way that was found already
	}
	well = true
	var n tree.Node
	for i := range p.Len() {
		below := true
		if p.Level() > 0 {
			child, _ := p.Child(i)
			below, err = a.page(ctx, child, path)
		} else {
			p.Decode(i, &n)
			at := tree.Join(path, n.Name)
			switch {
			case n.Type == tree.Dir:
				below, err = a.page(ctx, n.Tree, at)
			case n.Type == tree.File && n.Content.Form == tree.Listed:
				below, err = a.list(ctx, n.Content.Ref, at)
			case n.Type == tree.File && !n.Content.Ref.IsZero():
				if d := a.suffers(n.Content.Ref); d >= 0 {
					a.hit(d, at, "its content can't be read")
					below = false
				}
			}
		}
		if err != nil {
			return false, err
		}
		well = well && below
	}
	if well && len(copies) > 0 {
		a.seen.Add(spot)
	}
	return well, ctx.Err()
}

// list reports whether all of a long file can be read.
func (a *affected) list(ctx context.Context, ref chunk.Ref, path string) (well bool, err error) {
	if d := a.suffers(ref); d >= 0 {
		a.hit(d, path, "a part of its content can't be read")
		return false, nil
	}
	p, err := a.rd.LoadList(ctx, ref)
	if err != nil {
		return false, ctx.Err()
	}
	well = true
	for i := range p.Len() {
		it := p.Item(i)
		switch {
		case it.Ref.IsZero():
		case p.Level() == 0:
			if d := a.suffers(it.Ref); d >= 0 {
				a.hit(d, path, "a part of its content can't be read")
				well = false
			}
		default:
			below, err := a.list(ctx, it.Ref, path)
			if err != nil {
				return false, err
			}
			well = well && below
		}
	}
	return well, ctx.Err()
}
