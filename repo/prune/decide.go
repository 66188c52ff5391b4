package prune

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/pack"
	"ivyvault/repo/reach"
	"ivyvault/repo/store"
)

// Packs smaller than a quarter of the size at which a writer closes one are put
// together, when there are this many of a kind or they fill a pack.
const manySmall = 16

// Index files of fewer chunks than smallIndex are put together, when there are
// manyIndex live ones.
const (
	manyIndex  = 32
	smallIndex = 20_000
)

// decide says what happens to each pack, orphan and index file.
func (x *run) decide(ctx context.Context) error {
	ripe := map[log.Name]bool{}
	for _, n := range x.base.Ripe(x.opt.Now, x.opt.Grace) {
		ripe[n] = true
	}
	x.choosePacks()
	x.chooseOrphans(ripe)
	busy := x.opt.Grace > 0 && len(x.base.Keeps()) > len(x.spared.Over)
	for i, a := range x.act {
		p := x.packs.At(i)
		if a == stay {
			continue
		}
		if busy && !ripe[p.Name] || x.kept[p.Name] {
			x.act[i] = stay
			x.rep.VictimsWaiting++
			x.wait(p.Name)
		}
	}
	if x.need.More > 0 {
		if err := x.duplicates(ctx); err != nil {
			return err
		}
	}
	x.indexFiles()
	return x.leftovers(ctx)
}

// wait marks a pack, so that it goes when the mark is older than the grace.
func (x *run) wait(n log.Name) {
	if _, marked := x.base.Mark(n); !marked {
		x.toMark = append(x.toMark, n)
	}
}

// choosePacks finds the victims: what is unused goes, and what is used least is
// copied out until little enough is unused in what stays.
func (x *run) choosePacks() {
	var used, unused int64
	var some []int
	var small [2]struct {
		list  []int
		bytes int64
	}
	size := int64(x.r.Config().PackSize)
	for i := range x.act {
		p := x.packs.At(i)
		if x.need.Count[i] == 0 {
			x.act[i] = drop
			continue
		}
		used += x.need.Bytes[i]
		if left := p.Stored - x.need.Bytes[i]; left > 0 {
			unused += left
			some = append(some, i)
		}
		if s := &small[p.Kind-pack.DataPack]; p.Size < size/4 {
			s.list = append(s.list, i)
			s.bytes += x.need.Bytes[i]
		}
	}
	for _, s := range small {
		if len(s.list) < manySmall && (s.bytes < size || len(s.list) < 2) {
			continue
		}
		for _, i := range s.list {
			x.act[i] = copyOut
			unused -= x.packs.At(i).Stored - x.need.Bytes[i]
		}
	}
	limit := x.opt.MaxUnused.limit(used)
	share := func(i int) float64 { return float64(x.need.Bytes[i]) / float64(x.packs.At(i).Stored) }
	slices.SortFunc(some, func(a, b int) int { return cmp.Or(cmp.Compare(share(a), share(b)), cmp.Compare(a, b)) })
	for _, i := range some {
		if limit < 0 || unused <= limit {
			break
		}
		if x.act[i] == stay {
			x.act[i] = copyOut
			unused -= x.packs.At(i).Stored - x.need.Bytes[i]
		}
	}
}

// chooseOrphans sorts the orphans into those that go and those that wait.
func (x *run) chooseOrphans(ripe map[log.Name]bool) {
	x.orphans = map[repo.Name]bool{}
	for n := range x.there {
		switch {
		case x.swept[n]:
			x.dead = append(x.dead, store.Name{Type: store.Pack, Name: n.String()})
			x.rep.Orphans++
		case x.over[n] || ripe[n] || x.opt.Grace == 0:
			x.orphans[n] = true
			x.rep.Orphans++
		default:
			x.rep.OrphansWaiting++
			x.wait(log.Name(n))
		}
	}
}

// duplicates makes sure that of each needed chunk whose other copy goes the one
// that stays can be read; where it can't, the other one is copied out.
func (x *run) duplicates(ctx context.Context) error {
	x.step("verifying chunks whose other copy goes")
	var copies []reach.Copy
	var buf []index.Location
	for p, err := range x.ix.Chunks(ctx) {
		if err != nil {
			return err
		}
		if len(p.Locations) < 2 {
			continue
		}
		ref := chunk.Ref{ID: p.ID, Kind: p.Kind, Size: p.Locations[0].Size}
		copies = x.packs.Copies(ref, copies[:0], &buf)
		if len(copies) < 2 || !x.need.Used.Has(copies[0].Spot) || x.act[copies[0].Pack] == copyOut {
			continue // what is copied out is verified then
		}
		going := func(c reach.Copy) bool { return x.act[c.Pack] != stay }
		if x.act[copies[0].Pack] == stay && !slices.ContainsFunc(copies[1:], going) {
			continue
		}
		if err := x.r.VerifyCopy(ctx, ref, copies[0].At); err == nil {
			continue
		} else if ctx.Err() != nil {
			return ctx.Err()
		} else if !errors.Is(err, chunk.ErrDamaged) && !errors.Is(err, store.ErrNotExist) {
			return err
		} else {
			x.notice("a copy of %s can't be read, another one takes its place: %v", ref, err)
		}
		// The copies that go are copied out; the first that is whole is taken.
		x.several[ref] = false
		for _, c := range copies[1:] {
			if x.act[c.Pack] == drop {
				x.act[c.Pack] = copyOut
			}
			if x.act[c.Pack] == copyOut && x.need.Used.Add(c.Spot) {
				x.need.Count[c.Pack]++
				x.need.Bytes[c.Pack] += int64(c.At.Stored)
			}
		}
	}
	return nil
}

// indexFiles finds the live index files that name victims, and, where there are
// many, the small ones.
func (x *run) indexFiles() {
	x.affected = map[index.Name]bool{}
	chunks := map[index.Name]int{}
	for i := range x.ix.Packs() {
		if !x.base.HasIndex(i.Index) {
			continue
		}
		chunks[i.Index] += i.Chunks
		if k, ok := x.packs.Find(i.Name); ok && x.act[k] != stay {
			x.affected[i.Index] = true
		}
	}
	var small []index.Name
	for n, count := range chunks {
		if count < smallIndex && !x.affected[n] {
			small = append(small, n)
		}
	}
	for _, n := range small {
		if len(small) >= manyIndex {
			x.affected[n] = false // present, but not because of a victim
		}
	}
}

// leftovers finds index files that were never live and whose packs are no
// reason to keep them: each is live by another file, gone, or going.
func (x *run) leftovers(ctx context.Context) error {
	all := x.leftIndex
	x.leftIndex = nil
	over := map[repo.Name]bool{}
	for _, run := range x.spared.Over {
		k, _ := x.base.Keep(run)
		for _, n := range k.Index {
			over[repo.Name(n)] = true
		}
	}
	for _, n := range all {
		f, _, err := x.r.IndexFile(ctx, n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && !over[n] {
			if !errors.Is(err, store.ErrNotExist) {
				x.notice("index file %s, which belongs to nothing, can't be read and is left alone: %v", n, err)
			}
			continue
		}
		waits := slices.ContainsFunc(f.Packs, func(p index.Pack) bool {
			name := repo.Name(p.Name)
			_, there := x.there[name]
			return x.kept[name] || there && !x.orphans[name] && !x.swept[name]
		})
		if over[n] || !waits {
			x.leftIndex = append(x.leftIndex, n)
		}
	}
	return nil
}

// expect fills the report of a dry run.
func (x *run) expect() {
	x.count()
	for i, a := range x.act {
		if a == copyOut {
			x.rep.BytesRepacked += x.need.Bytes[i]
			x.rep.Freed -= x.need.Bytes[i]
		}
	}
	x.rep.BytesAfter = x.rep.BytesBefore - x.rep.Freed
}

// held is the size of pack i in the store: none where it is lost.
func (x *run) held(i int) int64 {
	if !x.here[i] {
		return 0
	}
	return x.packs.At(i).Size
}

// count fills in what goes and what stays.
func (x *run) count() {
	for i, a := range x.act {
		p := x.packs.At(i)
		switch a {
		case drop:
			x.rep.PacksUnused++
			x.rep.Freed += x.held(i)
		case copyOut:
			x.rep.PacksRepacked++
			x.rep.Freed += x.held(i)
		default:
			x.rep.UnusedAfter += p.Stored - x.need.Bytes[i]
		}
	}
	for n, size := range x.there {
		if x.orphans[n] || x.swept[n] {
			x.rep.Freed += size
		}
	}
}
