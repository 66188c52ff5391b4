package repo_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/prune"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/schedtest"
	"ivyvault/repo/tree"
)

// model is a world around one chunk c, which each writer puts. At the beginning
// some packs hold c; the snapshots that needed it are forgotten, so all of them
// are garbage. What works on it is the real thing: repo.Write and prune.Run over
// repo.Repo, with real keys, packs, index files and log entries.
type model struct {
	copies  int  // packs that hold c at the beginning
	writers int  //
	pruners int  //
	file    bool // c is a file's data, with a page of each writer above; else c is a page
	often   bool // writers end an index file after each pack, and keep it
	backup  bool // writers have a backup key
	open    bool // the repository is opened within the world, step by step
	look    bool // looks past the end of the log are steps of their own

	racy      bool // fault: put-if-absent is two steps
	unchecked bool // fault: a writer commits what it found at the beginning without CanCommit
	stale     bool // fault: a pruner sweeps what was garbage at the beginning
}

// start is what every execution of a model begins with.
type start struct {
	model
	full, writer *repo.Repo // opened, to be opened again without key derivation
	m            *mem.Store
	unchecked    plan
	stale        plan

	opened repo.Opened
	mu     sync.Mutex
	sealed map[sealing][]byte
	ends   map[string]int
	odd    error // what makes the search worthless
}

// sealing tells objects apart that processes seal: who, which type, what it
// says, the how manieth of these.
type sealing struct {
	process string
	t       store.Type
	says    string
	n       int
}

// plan is what a process would have done at the beginning, all at once.
type plan struct {
	put, remove []store.Name
	data        map[store.Name][]byte
	body        log.Body
	form        repo.Name
}

// far is a time by which every grace is over.
var far = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// tell puts c and describes a snapshot of it.
func (m model) tell(ctx context.Context, r *repo.Repo, w *repo.Writer, i int) (repo.Snapshot, error) {
	d := tree.NewDirWriter(w, tree.Cut{Secret: r.SplitterSecret()})
	node := tree.Node{Name: "c", Type: tree.Symlink, Mode: 0o777, Target: "c"}
	if m.file {
		c := bytes.Repeat([]byte("c"), 100)
		ref, err := w.Put(ctx, chunk.Data, c)
		if err != nil {
			return repo.Snapshot{}, err
		}
		node = tree.Node{Name: fmt.Sprint("c", i), Type: tree.File, Mode: 0o644, Size: uint64(len(c)), Content: tree.Content{Form: tree.Chunked, Ref: ref}}
	}
	if err := d.Add(ctx, &node); err != nil {
		return repo.Snapshot{}, err
	}
	root, err := d.Close(ctx)
	return repo.Snapshot{Time: time.Unix(1, 0), Host: "h", Paths: []string{"/c"}, Root: repo.RootOf(root)}, err
}

func (m model) write(ctx context.Context, r *repo.Repo, i int) (repo.Snapshot, error) {
	return r.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) { return m.tell(ctx, r, w, i) })
}

// prepare makes the repository that every execution begins with.
func (m model) prepare(t *testing.T) *start {
	t.Helper()
	ctx := t.Context()
	s := &start{model: m, m: mem.New(), sealed: map[sealing][]byte{}, ends: map[string]int{}}
	var err error
	s.full, err = repo.Init(ctx, s.m, repo.InitOptions{Password: []byte("p"), Argon: seal.Argon{Passes: 1, MemoryKiB: 8, Lanes: 1},
		Config: repo.Config{PackSize: repo.MinPackSize, Compression: "off"}})
	must(t, err)
	s.writer = s.full
	if m.backup {
		s.writer, err = s.full.Derived(ctx, s.m, seal.Backup, repo.Options{})
		must(t, err)
	}
	must(t, s.garbage(ctx, m.copies))
	// What lives is repeated, so that openings need not read the entries before.
	_, err = s.full.AppendLog(ctx, func(now *log.State) (log.Body, error) { return log.Whole{Index: now.Index()}, nil })
	must(t, err)
	if m.unchecked {
		s.unchecked, err = s.plan(ctx, func(r *repo.Repo) (repo.Snapshot, error) { return m.write(ctx, r, 0) })
		must(t, err)
	}
	if m.stale {
		s.stale, err = s.plan(ctx, func(r *repo.Repo) (repo.Snapshot, error) {
			_, err := prune.Run(ctx, r, prune.Options{Grace: prune.NoGrace, Now: far}, nil)
			return repo.Snapshot{}, err
		})
		must(t, err)
	}
	return s
}

// garbage stores c that many times, by writes that do not know of each other,
// and forgets the snapshots.
func (s *start) garbage(ctx context.Context, copies int) error {
	if copies == 0 {
		return nil
	}
	r, err := s.writer.Reopen(ctx, s.m, repo.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	snap, err := r.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		if err := s.garbage(ctx, copies-1); err != nil {
			return repo.Snapshot{}, err
		}
		return s.tell(ctx, r, w, -1)
	})
	if err != nil {
		return err
	}
	if _, err := s.full.AppendLog(ctx, func(*log.State) (log.Body, error) {
		return log.Forget{Snapshots: []log.Name{log.Name(snap.ID)}}, nil
	}); err != nil {
		return err
	}
	return s.m.Remove(ctx, store.Name{Type: store.Snapshot, Name: snap.Form.String()})
}

// plan does something on a copy of the repository and tells what it was.
func (s *start) plan(ctx context.Context, do func(*repo.Repo) (repo.Snapshot, error)) (plan, error) {
	p := plan{data: map[store.Name][]byte{}}
	m := s.m.Clone()
	r, err := s.full.Reopen(ctx, m, repo.Options{})
	if err != nil {
		return p, err
	}
	defer r.Close()
	snap, err := do(r)
	if err != nil {
		return p, err
	}
	p.form = snap.Form
	for _, t := range []store.Type{store.Pack, store.Index, store.Snapshot} {
		before, after := names(ctx, s.m, t), names(ctx, m, t)
		for n, data := range after {
			if before[n] == nil {
				p.put, p.data[n] = append(p.put, n), data
			}
		}
		for n := range before {
			if after[n] == nil {
				p.remove = append(p.remove, n)
			}
		}
	}
	e, err := r.LogEntry(ctx, r.State().Head().Number)
	if err == nil {
		p.body = e.Body
	}
	return p, err
}

func names(ctx context.Context, m *mem.Store, t store.Type) map[store.Name][]byte {
	all := map[store.Name][]byte{}
	_ = m.List(ctx, t, func(i store.Info) error { // of mem, which does not fail
		all[i.Name], _ = m.Get(ctx, i.Name, 0, -1)
		return nil
	})
	return all
}

// world is what is searched.
func (s *start) world() schedtest.World {
	out := schedtest.World{Store: s.m, Check: s.check, Independent: s.independent}
	add := func(kind string, i int, from *repo.Repo, run func(context.Context, process) error) {
		name := fmt.Sprintf("%s %d", kind, i)
		out.Procs = append(out.Procs, schedtest.Proc{Name: name, Run: func(ctx context.Context, st schedtest.Store) error {
			p, err := s.open1(ctx, st, from, name, i)
			if err == nil {
				defer p.r.Close()
				err = run(ctx, p)
			}
			if p.d.stopped.Load() {
				return schedtest.ErrStopped // whatever it made of that
			}
			return s.ended(kind, err)
		}})
	}
	for i := range s.writers {
		add("writer", i, s.writer, s.write)
	}
	for i := range s.pruners {
		add("pruner", i, s.full, s.prune)
	}
	return out
}

// process is one that runs.
type process struct {
	i  int // of its kind
	r  *repo.Repo
	d  *door
	st schedtest.Store
}

// open1 opens the repository for a process, in steps of the search or before
// them.
func (s *start) open1(ctx context.Context, st schedtest.Store, from *repo.Repo, name string, i int) (process, error) {
	p := process{i: i, st: st, d: &door{s: s, in: s.m, name: name, sealed: map[sealing]int{}}}
	in := store.Store(st)
	if s.racy {
		in = schedtest.Racy{Store: st}
	}
	if s.open {
		p.d.in = in
	}
	var err error
	if p.r, err = from.Reopen(ctx, p.d, repo.Options{Concurrency: 1}.WithOpened(&s.opened)); err != nil {
		return p, err
	}
	if !s.open {
		if err := p.r.LoadIndex(ctx); err != nil {
			return p, err
		}
		p.d.in = in
	}
	p.r.Repeat(s.often, p.d.same)
	return p, nil
}

// ended counts how processes ended. Names and numbers are left out.
func (s *start) ended(kind string, err error) error {
	how := "done"
	if err != nil {
		how = hexes.ReplaceAllString(err.Error(), "…")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[kind+": "+how]++
	return err
}

func (s *start) write(ctx context.Context, p process) error {
	id := s.unchecked.form
	var err error
	if s.model.unchecked && p.i == 0 {
		err = s.follow(ctx, p.r, s.unchecked)
	} else {
		var snap repo.Snapshot
		try := uint64(p.i) << 8
		snap, err = p.r.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
			try++
			w.BeRun(try)
			m := &writing{p, int(try), w}
			m.forget()
			p.d.mind = m
			return s.tell(ctx, p.r, w, p.i)
		})
		id = snap.ID
	}
	if err == nil {
		p.st.Note(id.String())
	}
	return err
}

func (s *start) prune(ctx context.Context, p process) error {
	if s.model.stale && p.i == 0 {
		return s.follow(ctx, p.r, s.stale)
	}
	_, err := prune.Run(ctx, p.r, prune.Options{Grace: prune.NoGrace, Now: far}, &tries{process: p})
	return err
}

// follow does what was planned at the beginning, whatever has come since.
func (s *start) follow(ctx context.Context, r *repo.Repo, p plan) error {
	for _, n := range p.put {
		if _, err := r.Store().Put(ctx, n, p.data[n]); err != nil {
			return err
		}
	}
	if _, err := r.AppendLog(ctx, func(*log.State) (log.Body, error) { return p.body, nil }); err != nil {
		return err
	}
	for _, n := range p.remove {
		if err := r.Store().Remove(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// independent tells of what nobody else can see or change:
//
//   - all that is done with objects of snapshots: none is removed here that an
//     entry names, and before an entry names one nobody looks at it;
//   - reading or removing a pack or an index file that is not there: who knows its
//     name knows it from an entry, an index file or a list, so it was there, and
//     what was removed never comes back, since each object that is stored has a
//     name that none had before;
//   - the looks past the end of the log. While log/n is absent so is log/n+1; that
//     it may come before a look at it is tried where look is set.
func (s *start) independent(kind string, name store.Name, there func(store.Name) bool) bool {
	switch name.Type {
	case store.Snapshot:
		return true
	case store.Pack, store.Index:
		return (kind == "get" || kind == "remove") && !there(name)
	}
	if s.look || kind != "get" || name.Type != store.Log {
		return false
	}
	n, err := strconv.ParseUint(name.Name, 10, 64)
	return err == nil && n > 0 && !there(log.ObjectName(n-1))
}

// check is the invariant: whoever opens the repository now reads the log to
// its end, finds in it every snapshot that was reported,
// and reads each snapshot back whole.
func (s *start) check(ctx context.Context, m *mem.Store, reported []string) error {
	s.mu.Lock()
	odd := s.odd
	s.mu.Unlock()
	if odd != nil {
		return odd
	}
	r, err := s.full.Reopen(ctx, m, repo.Options{}.WithOpened(&s.opened))
	if err != nil {
		return err
	}
	defer r.Close()
	live := map[string]bool{}
	for _, snap := range r.State().Snapshots() {
		live[repo.Name(snap.ID).String()] = true
	}
	for _, id := range reported {
		if !live[id] {
			return fmt.Errorf("snapshot %s was reported and is not there", id[:8])
		}
	}
	rd := tree.NewReader(r, r.Keys().ContentHash, 0)
	for _, s := range r.State().Snapshots() {
		snap, err := r.SnapshotAt(ctx, repo.Name(s.Form))
		if err == nil {
			err = rd.Chunks(ctx, snap.Root.Ref(), func(ref chunk.Ref) (bool, error) {
				_, err := r.Get(ctx, ref)
				return ref.Kind != chunk.Data, err
			})
		}
		if err != nil {
			return fmt.Errorf("snapshot %s: %w", repo.Name(s.ID).Short(), err)
		}
	}
	return nil
}
