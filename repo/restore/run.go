package restore

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/tree"
	"ivyvault/sources/dir"
)

// What bounds memory: caches, and how much may wait between walk and workers.
// A piece in work takes its plaintext and its stored bytes, 2 MiB each at most
// with the default cut.
const (
	dataCache   = 16 << 20
	treeCache   = 4 << 20
	queueLength = 64
)

// mode is what a pass does.
type mode uint8

const (
	write mode = iota
	dry
	verify
)

// run is the state of one restore.
type run struct {
	r                *repo.Repo
	opt              Options
	obs              Observer
	began            time.Time
	mode             mode
	data             *chunk.Cached // bundles
	tree             *tree.Reader
	include, exclude *dir.Filter
	including        bool
	workers          int
	euid, egid       uint32
	umask            uint32
	queue            chan task
	top              *folder
	links            map[linkID]*link // the walk's own

	files, dirs, others, bytes, written, unchanged, skipped, deleted, verified atomic.Int64
	seen, seenBytes                                                            atomic.Int64
	current                                                                    atomic.Pointer[string]

	mu       sync.Mutex
	findings []repo.Finding
	omitted  int
	damaged  bool
}

// task is what workers do. release is called once, also where do was not.
type task interface {
	do(ctx context.Context, w *worker)
	release(ctx context.Context, w *worker)
}

// worker is one goroutine's room.
type worker struct {
	*run
	buf   []byte // for reading what is there already
	plain []byte // a piece that was fetched
}

// room returns n bytes of the worker's buffer.
func (w *worker) room(n int) []byte {
	if cap(w.buf) < n {
		w.buf = make([]byte, n)
	}
	return w.buf[:n]
}

func defaultWorkers() int { return runtime.GOMAXPROCS(0) + 2 }

// finding notes what could not be restored.
func (x *run) finding(path string, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	f := repo.NewFinding(path, err.Error())
	x.mu.Lock()
	if len(x.findings) < maxFindings {
		x.findings = append(x.findings, f)
	} else {
		x.omitted++
	}
	if errors.Is(err, chunk.ErrDamaged) || errors.Is(err, chunk.ErrNotFound) || errors.Is(err, os.ErrNotExist) && isStore(err) {
		x.damaged = true
	}
	x.mu.Unlock()
	if x.obs != nil {
		x.obs.Finding(f)
	}
}

// tick tells the observer about progress until the returned function is called.
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
				p := Progress{Files: x.seen.Load(), Bytes: x.seenBytes.Load(), Written: x.written.Load()}
				if s := x.current.Load(); s != nil {
					p.Current = *s
				}
				x.obs.Progress(p)
			case <-done:
				return
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

func (x *run) report() Report {
	x.mu.Lock()
	defer x.mu.Unlock()
	return Report{
		Files: x.files.Load(), Dirs: x.dirs.Load(), Others: x.others.Load(), Bytes: x.bytes.Load(),
		Written: x.written.Load(), Unchanged: x.unchanged.Load(), Skipped: x.skipped.Load(),
		Deleted: x.deleted.Load(), Verified: x.verified.Load(), Duration: time.Since(x.began).Seconds(),
		Incomplete: len(x.findings) > 0, Damaged: x.damaged, Findings: x.findings, Omitted: x.omitted,
		DryRun: x.opt.DryRun,
	}
}

// readUmask asks the kernel without changing it, which would be seen by other
// goroutines. Where it can't be known every mode is set explicitly.
func readUmask() uint32 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0o777
	}
	for line := range bytes.Lines(b) {
		if v, ok := bytes.CutPrefix(line, []byte("Umask:")); ok {
			if m, err := strconv.ParseUint(string(bytes.TrimSpace(v)), 8, 32); err == nil {
				return uint32(m)
			}
		}
	}
	return 0o777
}

// trimmed is a path without slashes around it and without empty parts.
func trimmed(path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	out := parts[:0]
	for _, p := range parts {
		if p != "." {
			out = append(out, p)
		}
	}
	return strings.Join(out, "/")
}

// dirOf is the path of the directory that a path lies in.
func dirOf(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }
