package backup

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/tree"
	"ivyvault/sources"
)

// run is the state of one capture.
type run struct {
	r        *repo.Repo
	put      chunk.Putter
	reuse    func(chunk.Ref) bool // nil in a dry run: everything the parent has counts as there
	writer   *repo.Writer         // nil in a dry run
	opt      Options
	obs      Observer
	began    time.Time
	cut      tree.Cut
	split    *chunk.Splitters
	pieces   pieces
	usage    *usage
	recorder *recorder            // nil where none is kept
	expected int64                // bytes that the parent has in all
	tops     map[string]tree.Node // of SkipUnchanged: what is at the paths, without leading slashes
	small    smallBuffers

	// Of a system and its parts.
	session *Session             // nil where no system is captured
	grafts  map[string]tree.Node // directories that stand already, by path
	prefix  string               // of a part: where its paths lie in the snapshot, with a slash at the end
	part    string               // its path in the system
	failed  *repo.Finding        // nothing of it was kept, for this reason
	state   []byte               // what its source goes on from the next time

	batches batches
	parent  *repo.Name

	walked    repo.Stats   // what the walk counts: new, changed, unchanged
	stats     repo.Stats   // what the assembler counts, and parts that have ended
	bytesRead atomic.Int64 // what readers count
	uids      map[uint32]bool
	gids      map[uint32]bool
	uid, gid  uint32 // that were noted last

	mu       sync.Mutex // of findings and omitted
	findings []repo.Finding
	omitted  int

	files, dirs, bytes, read atomic.Int64 // for progress
	current                  atomic.Pointer[string]
}

func newRun(r *repo.Repo, put chunk.Putter, w *repo.Writer, opt Options, obs Observer) (*run, error) {
	split, err := chunk.NewSplitters(r.Config().Cut(), r.SplitterSecret())
	if err != nil {
		return nil, err
	}
	x := &run{
		r: r, put: put, writer: w, opt: opt, obs: obs, began: time.Now(),
		split: split, usage: newUsage(r, opt),
		cut:  tree.Cut{Secret: r.SplitterSecret()},
		uids: map[uint32]bool{}, gids: map[uint32]bool{},
	}
	if w != nil {
		x.reuse = w.Reuse
	}
	return x, nil
}

// queueLength is how many entries may be under way between the walk and the
// assembler. It bounds memory: each may hold a content of up to maxSmall bytes,
// which queueBytes bounds further.
const (
	queueLength = 1024
	queueBytes  = 8 << 20
)

// capture runs the pipeline and returns the snapshot to commit.
func (x *run) capture(ctx context.Context, p *parent) (repo.Snapshot, error) {
	defer p.stop()
	if p.id != nil && x.writer != nil && !x.writer.UseParent(*p.id) {
		p = noParent()
	}
	x.parent, x.expected = p.id, p.size
	c, err := x.opt.Source.Capture(ctx)
	if err != nil {
		return repo.Snapshot{}, err
	}
	root, err := x.pipeline(ctx, c, p)
	if cerr := c.Close(context.WithoutCancel(ctx)); err == nil {
		err = cerr
	}
	if err != nil {
		return repo.Snapshot{}, err
	}
	if p.err != nil {
		x.obs.Notice("", fmt.Sprintf("the parent snapshot %s can't be read on, so what follows was read anew: %v; 'ivyvault check' tells what else suffers", p.id.Short(), p.err))
	}
	x.noteLost()
	return x.snapshot(root.ref), nil
}

// noteLost tells of packs that should be there and are not.
func (x *run) noteLost() {
	if x.writer != nil && x.writer.Lost() > 0 {
		x.obs.Notice("", fmt.Sprintf("%d packs of the repository are gone or cut short: what this backup needs of them was stored again; 'ivyvault check' tells what else suffers", x.writer.Lost()))
	}
}

// pipeline connects walk, readers and assembler, and waits for all of them.
func (x *run) pipeline(ctx context.Context, c sources.Capture, p *parent) (subtree, error) {
	if e, ok := c.(sources.Eager); ok && p.over {
		e.OpenAhead() // there is nothing to compare with: all is read
	}
	readers := x.opt.Readers
	if readers == 0 {
		readers = max(2, runtime.GOMAXPROCS(0))
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	g, ctx := errgroup.WithContext(ctx)
	order := make(chan *batch, queueLength/batchLength)
	work := make(chan *batch, queueLength/batchLength)
	room := newBudget(queueBytes)
	g.Go(func() error {
		defer close(order)
		defer close(work)
		return x.walk(ctx, c, p, &sender{x: x, order: order, work: work, room: room})
	})
	for range readers {
		g.Go(func() error {
			for b := range work {
				x.readBatch(ctx, b)
			}
			return nil
		})
	}
	var root subtree
	g.Go(func() (err error) {
		root, err = x.assemble(ctx, order, room, fail)
		return err
	})
	stop := x.tick(ctx)
	err := g.Wait()
	stop()
	return root, err
}

// tick tells the observer about progress until the returned function is called.
func (x *run) tick(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				x.obs.Progress(x.progress())
			case <-done:
				return
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

func (x *run) progress() Progress {
	p := Progress{Files: x.files.Load(), Dirs: x.dirs.Load(), Bytes: x.bytes.Load(), BytesRead: x.read.Load(), Expected: x.expected}
	if s := x.current.Load(); s != nil {
		p.Current = *s
	}
	return p
}

// finding notes something that could not be read.
func (x *run) finding(path string, err error) {
	f := repo.NewFinding(x.prefix+path, err.Error())
	x.mu.Lock()
	if len(x.findings) < maxFindings {
		x.findings = append(x.findings, f)
	} else {
		x.omitted++
	}
	x.mu.Unlock()
	x.obs.Finding(f)
}

// snapshot describes what was captured.
func (x *run) snapshot(root chunk.Ref) repo.Snapshot {
	x.mu.Lock()
	defer x.mu.Unlock()
	stats := x.total()
	s := repo.Snapshot{
		Time: x.opt.Time.UTC(), End: time.Now().UTC(), Host: x.opt.Host, User: x.opt.User, Program: x.opt.Program,
		Paths: x.opt.Paths, Tags: x.opt.Tags, Description: x.opt.Description, Protected: x.opt.Protected,
		Root: repo.RootOf(root), Parent: x.parent, Stats: &stats,
		Incomplete: len(x.findings) > 0, Findings: x.findings, FindingsOmitted: x.omitted,
	}
	if x.opt.Owners != nil {
		s.Owners = x.opt.Owners(x.uids, x.gids)
	}
	return s
}

// total is what walk, readers and assembler have counted, when they have ended.
func (x *run) total() repo.Stats {
	s := x.stats
	s.FilesNew += x.walked.FilesNew
	s.FilesChanged += x.walked.FilesChanged
	s.FilesUnchanged += x.walked.FilesUnchanged
	s.BytesRead += x.bytesRead.Load()
	return s
}

func (x *run) report(s repo.Snapshot) Report {
	x.mu.Lock()
	defer x.mu.Unlock()
	return Report{
		Parent: x.parent, Time: x.opt.Time.UTC(), Duration: time.Since(x.began).Seconds(),
		Stats: x.total(), Incomplete: len(x.findings) > 0, Findings: x.findings, Omitted: x.omitted,
	}
}
