package backup

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/tree"
	"ivyvault/sources"
	"ivyvault/sources/listing"
)

// stateDir is where, below the root of a system's snapshot, lies what the
// sources of its parts go on from the next time.
const stateDir = ".continue"

// captureSystem captures a system's parts and then the tree that holds them.
func (x *run) captureSystem(ctx context.Context) (repo.Snapshot, error) {
	s := &Session{x: x, name: x.opt.System.Name, root: x.opt.System.Root, grafts: map[string]tree.Node{}, states: map[string][]byte{}}
	x.session = s
	files, err := x.opt.System.Capture(ctx, s)
	if err != nil {
		return repo.Snapshot{}, err
	}
	for _, kid := range s.kids {
		x.merge(kid)
	}
	for part, state := range s.states {
		files = append(files, listing.Bytes(stateDir+"/"+part, state, x.opt.Time))
	}
	for i := range files {
		files[i].Path = s.root + "/" + files[i].Path
	}
	x.grafts = s.grafts
	root, err := x.pipeline(ctx, &whole{files: files, grafts: s.grafts, at: x.opt.Time}, noParent())
	if err != nil {
		return repo.Snapshot{}, err
	}
	x.noteLost()
	snap := x.snapshot(root.ref)
	snap.System, err = s.systemMark(x.opt.System.Type)
	return snap, err
}

// keepParts writes down, after the commit, what the next run compares with.
func (s *Session) keepParts(id repo.Name) (err error) {
	for _, kid := range s.kids {
		if kid.failed != nil {
			continue
		}
		kid.usage.keep(kid.r, kid.opt)
		if kerr := kid.recorder.keepWith(id, kid.state); kerr != nil {
			err = kerr
		}
	}
	return err
}

// drop gives up what the parts have recorded.
func (s *Session) drop() {
	if s == nil {
		return
	}
	for _, kid := range s.kids {
		kid.recorder.drop()
	}
}

// whole is the tree that holds the parts: the files that describe it, and a
// directory in the place of each part.
type whole struct {
	files  []listing.File
	grafts map[string]tree.Node
	at     time.Time
}

var _ sources.Capture = (*whole)(nil)

// Close has nothing to release.
func (w *whole) Close(context.Context) error { return nil }

// Entries yields the files, the directories above them, and the parts.
func (w *whole) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		all := map[string]sources.Entry{}
		for e, err := range listing.Entries(ctx, w.files) {
			if err != nil {
				yield(e, err)
				return
			}
			all[e.Path] = e
		}
		t := sources.Time{Sec: w.at.Unix(), Nsec: uint32(w.at.Nanosecond())}
		for path := range w.grafts {
			for {
				all[path] = sources.Entry{Path: path, Attr: sources.Attr{Type: sources.Dir, Mode: 0o700, MTime: t, CTime: t, Links: 1}}
				i := strings.LastIndexByte(path, '/')
				if i < 0 {
					break
				}
				path = path[:i]
			}
		}
		order := make([]sources.Entry, 0, len(all))
		for _, e := range all {
			order = append(order, e)
		}
		slices.SortFunc(order, func(a, b sources.Entry) int { return sources.Compare(a.Path, b.Path) })
		for _, e := range order {
			if !yield(e, nil) {
				return
			}
		}
	}
}
