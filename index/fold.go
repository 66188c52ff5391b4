package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"ivyvault/index/generation"
)

// ErrLeaveOut is what an error of Fold's load may be, to say that the index
// file cannot be had but the others should be folded all the same.
var ErrLeaveOut = errors.New("leave this index file out of the fold")

// ErrFolding is what Fold's error Is where another process is folding: nothing
// need be done.
var ErrFolding = generation.ErrBusy

// SpaceError says that the disk has too little room for a new generation. The
// old one stays.
type SpaceError struct {
	Dir        string
	Need, Have int64 // bytes
}

func (e *SpaceError) Error() string {
	return fmt.Sprintf("the index in %s was not rewritten: that needs %d MiB of disk, %d MiB are free",
		e.Dir, e.Need>>20, e.Have>>20)
}

// Load reads one index file. An error that Is ErrLeaveOut skips it.
type Load func(ctx context.Context, name Name) (Signer, File, error)

// Fetch reads one index file as it is stored once it is opened: as Encode makes
// it, not decoded. An error that Is ErrLeaveOut skips it. A fold in a process of
// its own is fed so, since only that process needs it decoded.
type Fetch func(ctx context.Context, name Name) (Signer, []byte, error)

// Report says what a fold made.
type Report struct {
	Files     int // index files in the new generation
	LeftOut   int // index files that load left out
	Chunks    int64
	Locations int64
}

// Fold writes a new generation in dir from the index files live: those that the
// present generation holds are taken from it, the others loaded. It runs beside
// readers in any number of processes and disturbs none.
//
// It should run in a process of its own: on a full disk, writing mapped files
// can kill it. The room is estimated before, a *SpaceError then says that it
// does not suffice. Memory stays bounded whatever the number of chunks; a low
// garbage collection percentage there (25) halves it and costs little.
// Whatever the error, the present generation stays in place.
func Fold(ctx context.Context, dir string, live []Name, load Load) (Report, error) {
	return foldRuns(ctx, dir, live, load, runSize)
}

// foldRuns folds with runs of size entries.
func foldRuns(ctx context.Context, dir string, live []Name, load Load, size int) (Report, error) {
	var rep Report
	err := generation.Make(dir, func(tmp string) ([]byte, error) {
		// A base that cannot be opened is one that this fold replaces.
		b, err := openBase(dir)
		if err != nil {
			b = nil
		} else {
			defer b.close()
		}
		f := &fold{ctx: ctx, base: b, dir: dir, tmp: tmp, size: size}
		n, err := f.run(live, load)
		rep = Report{Files: len(n.sources), LeftOut: f.leftOut, Chunks: int64(n.keys), Locations: int64(n.places)}
		if b != nil && err != nil && b.damage.Load() != nil {
			// Otherwise every later fold would meet the same damage. Make
			// holds the lock under which CURRENT is changed.
			err = errors.Join(err, os.Remove(filepath.Join(dir, generation.Current)))
		}
		if err != nil {
			return nil, err
		}
		return n.bytes(), nil
	})
	if err != nil {
		return Report{}, err
	}
	return rep, nil
}

// dead is where the number of a base's listing goes that the new generation
// does not take over.
const dead = ^uint32(0)

// fold is the state of one fold.
type fold struct {
	ctx      context.Context
	base     *base
	dir, tmp string
	size     int // of a run
	note     note
	out      *listingWriter
	renumber []uint32 // old listing → new
	leftOut  int
}

func (f *fold) run(live []Name, load Load) (note, error) {
	out, err := createListings(filepath.Join(f.tmp, listingsName))
	if err != nil {
		return f.note, err
	}
	f.out = out
	defer out.abandon()
	missing, err := f.takeOver(live)
	if err != nil {
		return f.note, err
	}
	if err := f.room(0); err != nil {
		return f.note, err
	}
	r := newRuns(f.tmp, f.size)
	defer r.remove()
	for _, name := range missing {
		if err := f.take(name, load, r); err != nil {
			return f.note, err
		}
	}
	f.note.listings = f.out.n
	if err := f.out.close(); err != nil {
		return f.note, err
	}
	if err := f.room(int64(r.total)); err != nil {
		return f.note, err
	}
	err = f.write(r)
	return f.note, err
}

// takeOver copies the listings of the base whose index file lives and returns
// the live index files that the base does not hold.
func (f *fold) takeOver(live []Name) (missing []Name, err error) {
	held := make(map[Name]uint32)
	if f.base != nil {
		for i := range f.base.sources {
			held[f.base.sources[i].name] = uint32(i)
		}
	}
	sources := make(map[uint32]uint32) // old number → new
	seen := make(map[Name]bool, len(live))
	for _, name := range live {
		if seen[name] {
			continue
		}
		seen[name] = true
		if old, ok := held[name]; ok {
			sources[old] = uint32(len(f.note.sources))
			f.note.sources = append(f.note.sources, f.base.sources[old])
		} else {
			missing = append(missing, name)
		}
	}
	if f.base == nil {
		return missing, nil
	}
	f.renumber = make([]uint32, f.base.listings)
	for no := range f.base.listings {
		l, ok := f.base.listing(no)
		if !ok {
			return nil, *f.base.damage.Load()
		}
		f.renumber[no] = dead
		if src, ok := sources[l.file]; ok {
			l.file = src
			f.renumber[no] = f.out.n
			if err := f.out.add(&l); err != nil {
				return nil, err
			}
		}
	}
	return missing, nil
}

// take loads one index file into the runs.
func (f *fold) take(name Name, load Load, r *runs) error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	signer, file, err := load(f.ctx, name)
	if errors.Is(err, ErrLeaveOut) {
		f.leftOut++
		return nil
	}
	if err != nil {
		return err
	}
	for i := range file.Packs {
		if how := file.Packs[i].check(); how != "" {
			f.leftOut++
			return nil
		}
	}
	src := uint32(len(f.note.sources))
	f.note.sources = append(f.note.sources, source{name: name, signer: signer})
	for i := range file.Packs {
		p := &file.Packs[i]
		l := listing{name: p.Name, size: p.Size, kind: p.Kind, file: src, chunks: uint32(len(p.Chunks))}
		for j := range p.Chunks {
			if err := r.add(p.entry(j, f.out.n, &l)); err != nil {
				return err
			}
		}
		if err := f.out.add(&l); err != nil {
			return err
		}
	}
	return nil
}

// room compares what the new generation is likely to need with what is free.
func (f *fold) room(added int64) error {
	const perEntry, spare = 96, 32 << 20
	need := spare + added*perEntry
	if f.base != nil {
		need += int64(f.base.places) * perEntry
	}
	var s unix.Statfs_t
	if err := unix.Statfs(f.tmp, &s); err != nil {
		return err
	}
	if have := int64(s.Bavail) * s.Bsize; have < need {
		return &SpaceError{f.dir, need, have}
	}
	return nil
}
