// Package restore writes the tree of a snapshot into a directory.
//
// Nouns:
//
//   - The target is the directory below which everything is written.
//   - A folder is a directory of the tree on its way into the target; what is
//     in it is made relative to its descriptor.
//   - A batch is a run of small entries of one folder, in the tree's order,
//     which is the order in which their bytes stand in bundles.
//   - A piece is a part of a long file that is one chunk.
//   - A finding is something that could not be restored as it was; the rest
//     goes on.
//
// One goroutine walks the tree and makes directories and long files; workers
// take batches and pieces in the order of the walk, so that each bundle is
// fetched once. A directory gets its owner, mode and time when all below it
// are done.
//
// Promise: every byte written was verified. Nothing outside of the target is
// touched, whatever names and links the snapshot or the target hold: a link is
// never followed, and a file that has other names elsewhere is replaced and
// not written into. The time of a file is set last, so a file that a broken
// restore left half written never looks finished: running it again completes
// it, and writes only the parts that differ. Linux 5.6 or newer is needed.
package restore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/tree"
	"ivyvault/sources/dir"
)

// Overwrite says what happens to files that are there already.
type Overwrite string

// The rules. Always compares the content and writes the parts that differ.
// IfChanged takes a file of the same size and time for the same. IfNewer
// leaves files alone that are not older than the snapshot's. Never leaves all.
const (
	Always    Overwrite = "always"
	IfChanged Overwrite = "if-changed"
	IfNewer   Overwrite = "if-newer"
	Never     Overwrite = "never"
)

// Options says what is restored, and how.
type Options struct {
	Target    string   // made where it does not exist
	Path      string   // of a part of the tree; what is in it comes directly into Target
	Include   []string // patterns as in sources/dir; none: everything
	IInclude  []string // the same, whatever the case of letters
	Exclude   []string
	IExclude  []string
	Overwrite Overwrite // "": Always
	Delete    bool      // remove from the directories of the tree what the tree does not have
	DryRun    bool      // look, change nothing
	Verify    bool      // afterwards read every file again and compare
	Sparse    bool      // leave holes for blocks of zeros that the source had written
	NoOwner   bool      // do not set owners
	Workers   int       // 0 chooses
}

// Observer is told what goes on. Its methods may be called by several
// goroutines at once, and must not block for long.
type Observer interface {
	Finding(repo.Finding)
	Progress(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Files, Bytes int64 // of the tree, done so far
	Written      int64 // bytes that were written
	Verifying    bool
	Current      string // a path
}

// Report is what a run did, or with DryRun what it would do. Sizes are bytes.
type Report struct {
	Files      int64          `json:"files"` // made or changed
	Dirs       int64          `json:"dirs"`
	Others     int64          `json:"others"` // links, devices, fifos, sockets
	Bytes      int64          `json:"bytes"`  // of the files made or changed
	Written    int64          `json:"bytes_written"`
	Unchanged  int64          `json:"files_unchanged"` // were there with the same content
	Skipped    int64          `json:"files_skipped"`   // left alone by the rule for overwriting
	Deleted    int64          `json:"deleted"`
	Verified   int64          `json:"files_verified,omitempty"`
	Duration   float64        `json:"duration_seconds"`
	Incomplete bool           `json:"incomplete"` // there are findings
	Damaged    bool           `json:"damaged"`    // some of them because the repository is damaged
	Findings   []repo.Finding `json:"findings,omitempty"`
	Omitted    int            `json:"findings_omitted,omitempty"`
	DryRun     bool           `json:"dry_run,omitempty"`
}

// maxFindings is how many findings a report names; more are counted.
const maxFindings = 1000

// Run restores the tree below root, a snapshot's root directory. An error
// means that the run could not go on; what fails for single entries is a
// finding in the Report.
func Run(ctx context.Context, r *repo.Repo, root chunk.Ref, opt Options, obs Observer) (Report, error) {
	if !r.CanRead() {
		return Report{}, fmt.Errorf("restore: %w", repo.ErrNeedsFull)
	}
	x, err := newRun(r, opt, obs)
	if err != nil {
		return Report{}, err
	}
	defer x.data.Close()
	stop := x.tick(ctx)
	defer stop()
	err = x.pass(ctx, root)
	if err == nil && opt.Verify && !opt.DryRun {
		x.mode = verify
		err = x.pass(ctx, root)
	}
	return x.report(), err
}

// pass walks the tree once, in the run's mode.
func (x *run) pass(ctx context.Context, root chunk.Ref) error {
	start, err := x.tree.Resolve(ctx, root, x.opt.Path)
	if err != nil {
		return fmt.Errorf("%q in the snapshot: %w", x.opt.Path, err)
	}
	top, err := x.openTarget()
	if err != nil {
		return err
	}
	x.links = map[linkID]*link{}
	x.top = top
	g, ctx := errgroup.WithContext(ctx)
	x.queue = make(chan task, queueLength)
	g.Go(func() error {
		defer close(x.queue)
		return x.start(ctx, top, start)
	})
	for range x.workers {
		g.Go(func() error {
			w := worker{run: x}
			for t := range x.queue {
				if ctx.Err() == nil {
					t.do(ctx, &w)
				}
				t.release(ctx, &w)
			}
			return ctx.Err()
		})
	}
	err = g.Wait()
	top.close()
	return err
}

// start walks a directory, or restores the one entry that Path names.
func (x *run) start(ctx context.Context, top *folder, n tree.Node) error {
	top.path = trimmed(x.opt.Path)
	all := !x.including || top.path != "" && x.include.Excludes(top.path)
	if n.Type == tree.Dir {
		return x.walk(ctx, top, n.Tree, all)
	}
	top.path = dirOf(top.path)
	b := x.newBatch(top)
	if err := x.entry(ctx, &b, top, n, true); err != nil {
		return err
	}
	return x.flush(ctx, &b)
}

func newRun(r *repo.Repo, opt Options, obs Observer) (*run, error) {
	if opt.Target == "" {
		return nil, errors.New("no target: name the directory to restore into")
	}
	switch opt.Overwrite {
	case "":
		opt.Overwrite = Always
	case Always, IfChanged, IfNewer, Never:
	default:
		return nil, fmt.Errorf("unknown rule for overwriting %q: use always, if-changed, if-newer or never", opt.Overwrite)
	}
	x := &run{r: r, opt: opt, obs: obs, began: time.Now(), workers: opt.Workers, euid: uint32(os.Geteuid()), egid: uint32(os.Getegid())}
	if x.workers <= 0 {
		x.workers = defaultWorkers()
	}
	if opt.DryRun {
		x.mode = dry
	}
	var err error
	if x.include, err = dir.NewFilter(opt.Include, opt.IInclude); err != nil {
		return nil, err
	}
	x.including = len(opt.Include)+len(opt.IInclude) > 0
	if x.exclude, err = dir.NewFilter(opt.Exclude, opt.IExclude); err != nil {
		return nil, err
	}
	x.umask = readUmask()
	x.data = chunk.NewCached(r, dataCache)
	x.tree = tree.NewReader(r, r.Keys().ContentHash, treeCache)
	return x, nil
}
