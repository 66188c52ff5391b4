package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/tree"
	"ivyvault/sources"
	"ivyvault/sources/listing"
)

// A system is captured in parts, each by its own source into a directory of its
// own. Who captures it says in which order, and what describes the whole.

// System is a system to be captured.
type System struct {
	Name, Type string
	// Root is where the parts' directories lie in the snapshot, with slashes:
	// "systems/claims".
	Root string
	// Capture captures the parts, by one or more calls of Session.Capture, and
	// returns the files that describe the snapshot, with paths below Root. An
	// error means that there is no snapshot. It may be called again where the
	// snapshot could not be committed.
	Capture func(context.Context, *Session) ([]listing.File, error)
}

// Part is one part of a system.
type Part struct {
	Path   string // of its directory below the root, with slashes: "databases/system"
	Source sources.Source
}

// Outcome is how the capture of a part ended.
type Outcome struct {
	Path         string
	Began, Ended time.Time
	Err          error // nothing of the part was kept, for this reason
	Findings     int   // things in it that could not be read
	Facts        sources.Facts
	Stats        repo.Stats
	Parent       *repo.Name // the snapshot that it was compared with
	Continued    bool       // it went on from what its source knew of that snapshot
}

// Whole reports whether all of the part was captured.
func (o *Outcome) Whole() bool { return o.Err == nil && o.Findings == 0 }

// Session captures the parts of one system.
type Session struct {
	x    *run
	name string
	root string

	mu     sync.Mutex
	grafts map[string]tree.Node // by path in the snapshot
	states map[string][]byte    // by path of the part
	marks  []repo.SystemPart
	kids   []*run
}

// together is how many parts are captured at the same time.
const together = 4

// Capture captures parts at the same time and waits for all. A part that fails
// makes the snapshot incomplete; the others go on. The error is one that makes
// all further capturing useless: the repository can't be written, or the
// context has ended.
func (s *Session) Capture(ctx context.Context, parts ...Part) ([]Outcome, error) {
	out := make([]Outcome, len(parts))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(together)
	for i, p := range parts {
		g.Go(func() (err error) {
			out[i], err = s.part(ctx, p)
			return err
		})
	}
	return out, g.Wait()
}

func (s *Session) part(ctx context.Context, p Part) (Outcome, error) {
	o := Outcome{Path: p.Path, Began: time.Now().UTC()}
	kid := s.child(p)
	root, err := kid.capturePart(ctx, s.name, &o)
	o.Ended = time.Now().UTC()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(p.Path) // it may be captured again
	s.kids = append(s.kids, kid)
	o.Stats, o.Findings = kid.total(), len(kid.findings)+kid.omitted
	if err != nil {
		kid.recorder.drop()
		kid.recorder = nil
		var failed *partError
		if !errors.As(err, &failed) || ctx.Err() != nil {
			return o, err
		}
		o.Err = failed.err
		f := repo.NewFinding(s.root+"/"+p.Path, fmt.Sprintf("the part %s could not be captured: %v", p.Path, failed.err))
		kid.failed = &f
		s.x.obs.Finding(f)
		s.marks = append(s.marks, repo.SystemPart{Path: p.Path, Why: failed.err.Error()})
		return o, nil
	}
	s.grafts[s.root+"/"+p.Path] = root
	if !o.Whole() {
		kid.state = nil // what was captured is no ground to go on from
	}
	if kid.state != nil {
		s.states[p.Path] = kid.state
	}
	mark := repo.SystemPart{Path: p.Path, Kept: true, Whole: o.Whole()}
	if !mark.Whole {
		mark.Why = fmt.Sprintf("%d things in it could not be read", o.Findings)
	}
	s.marks = append(s.marks, mark)
	return o, nil
}

// forget drops what an earlier capture of the same part has left.
func (s *Session) forget(path string) {
	delete(s.grafts, s.root+"/"+path)
	delete(s.states, path)
	s.marks = slices.DeleteFunc(s.marks, func(m repo.SystemPart) bool { return m.Path == path })
	s.kids = slices.DeleteFunc(s.kids, func(k *run) bool {
		if k.part == path {
			k.recorder.drop()
		}
		return k.part == path
	})
}

// Finding notes something that makes the snapshot incomplete; the path is below
// the system's root, "" is the system itself.
func (s *Session) Finding(path string, err error) {
	s.x.finding(strings.TrimSuffix(s.root+"/"+path, "/"), err)
}

// partError is a failure of a part's source: the part's, not the run's.
type partError struct{ err error }

func (e *partError) Error() string { return e.err.Error() }
func (e *partError) Unwrap() error { return e.err }

// child is a run for one part, with a state of its own; what it stores goes the
// way of its parent's.
func (s *Session) child(p Part) *run {
	opt := s.x.opt
	opt.Source, opt.SkipUnchanged = p.Source, false
	opt.Paths = append(slices.Clone(opt.Paths), "part:"+p.Path)
	kid := &run{
		r: s.x.r, put: s.x.put, writer: s.x.writer, reuse: s.x.reuse, opt: opt, began: time.Now(),
		obs:   partObserver{s.x.obs, s.root + "/" + p.Path + "/"},
		split: s.x.split, usage: newUsage(s.x.r, opt), cut: s.x.cut,
		uids: map[uint32]bool{}, gids: map[uint32]bool{},
		prefix: s.root + "/" + p.Path + "/", part: p.Path,
	}
	return kid
}

// capturePart captures one part and returns its directory.
func (x *run) capturePart(ctx context.Context, system string, o *Outcome) (tree.Node, error) {
	p, state, err := x.partParent(ctx, system)
	if err != nil {
		return tree.Node{}, err
	}
	defer p.stop()
	o.Parent = p.id
	if c, ok := x.opt.Source.(sources.Continued); ok && len(state) > 0 && p.id != nil {
		if err := c.Continue(state); err != nil {
			x.obs.Notice("", fmt.Sprintf("what is known of the last capture is of no use, all is captured: %v", err))
		} else {
			o.Continued = true
		}
	}
	x.parent, x.recorder = p.id, x.record()
	c, err := x.opt.Source.Capture(ctx)
	if err != nil {
		return tree.Node{}, &partError{err}
	}
	root, err := x.pipeline(ctx, c, p)
	if err == nil {
		err = x.ask(ctx, c, o)
	}
	if cerr := c.Close(context.WithoutCancel(ctx)); err == nil && cerr != nil {
		err = &partError{cerr}
	}
	if err == nil && p.err != nil {
		x.obs.Notice("", fmt.Sprintf("the parent snapshot %s can't be read on, so what follows was read anew: %v; 'ivyvault check' tells what else suffers", p.id.Short(), p.err))
	}
	return x.partNode(c, root), err
}

// partNode describes the directory of a part.
func (x *run) partNode(c sources.Capture, root subtree) tree.Node {
	at := tree.Time{Sec: x.opt.Time.Unix(), Nsec: uint32(x.opt.Time.Nanosecond())}
	n := tree.Node{Type: tree.Dir, Mode: 0o700, MTime: at, CTime: at}
	if r, ok := c.(sources.Rooted); ok {
		if a, xattrs, there := r.Root(); there {
			n.Mode, n.UID, n.GID, n.MTime, n.CTime, n.Inode = a.Mode, a.UID, a.GID, tree.Time(a.MTime), tree.Time(a.CTime), a.Inode
			for _, x := range xattrs {
				n.Xattrs = append(n.Xattrs, tree.Xattr(x))
			}
			x.uids[n.UID], x.gids[n.GID] = true, true
		}
	}
	n.Tree, n.Files, n.Bytes = root.ref, root.files, root.bytes
	return n
}

// ask asks the capture for its facts and its state.
func (x *run) ask(ctx context.Context, c sources.Capture, o *Outcome) error {
	if d, ok := c.(sources.Described); ok {
		facts, err := d.Facts(ctx)
		if err != nil {
			return &partError{err}
		}
		o.Facts = facts
	}
	if st, ok := c.(sources.Stateful); ok {
		state, err := st.State()
		if err != nil {
			return &partError{err}
		}
		x.state = state
	}
	return nil
}

// merge adds what a part's run has counted and found, when all parts have ended:
// one that was captured again counts once.
func (x *run) merge(kid *run) {
	x.mu.Lock()
	defer x.mu.Unlock()
	a, b := &x.stats, kid.total()
	a.Files += b.Files
	a.Dirs += b.Dirs
	a.Others += b.Others
	a.FilesNew += b.FilesNew
	a.FilesChanged += b.FilesChanged
	a.FilesUnchanged += b.FilesUnchanged
	a.Bytes += b.Bytes
	a.BytesRead += b.BytesRead
	x.omitted += kid.omitted
	found := kid.findings
	if kid.failed != nil {
		found = append(slices.Clone(found), *kid.failed)
	}
	for _, f := range found {
		if len(x.findings) < maxFindings {
			x.findings = append(x.findings, f)
		} else {
			x.omitted++
		}
	}
	for id := range kid.uids {
		x.uids[id] = true
	}
	for id := range kid.gids {
		x.gids[id] = true
	}
}

// partObserver tells the run's observer where a part's paths lie.
type partObserver struct {
	Observer
	prefix string
}

func (p partObserver) Notice(path, what string) { p.Observer.Notice(p.prefix+path, what) }

// systemMark is the snapshot's word on its parts.
func (s *Session) systemMark(kind string) (json.RawMessage, error) {
	slices.SortFunc(s.marks, func(a, b repo.SystemPart) int { return sources.Compare(a.Path, b.Path) })
	return json.Marshal(repo.System{Name: s.name, Type: kind, Parts: s.marks})
}

// subtree is a directory that was stored.
type subtree struct {
	ref          chunk.Ref
	files, bytes uint64
}
