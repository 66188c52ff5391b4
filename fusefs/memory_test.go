package fusefs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// onDisk keeps chunks in a file, so that the memory of the process is the
// mount's.
type onDisk struct {
	f    *os.File
	mu   sync.Mutex
	size int64
	at   map[chunk.Ref]int64
}

var (
	_ chunk.Getter = (*onDisk)(nil)
	_ chunk.Putter = (*onDisk)(nil)
)

func newOnDisk(t testing.TB) *onDisk {
	f, err := os.CreateTemp(t.TempDir(), "")
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return &onDisk{f: f, at: make(map[chunk.Ref]int64)}
}

func (d *onDisk) Put(_ context.Context, kind chunk.Kind, p []byte) (chunk.Ref, error) {
	ref, _ := benchKeys.Name(kind, p, nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.at[ref]; ok {
		return ref, nil
	}
	_, err := d.f.WriteAt(p, d.size)
	d.at[ref] = d.size
	d.size += int64(len(p))
	return ref, err
}

func (d *onDisk) Get(ctx context.Context, ref chunk.Ref) ([]byte, error) {
	return d.GetRange(ctx, ref, 0, int(ref.Size))
}

func (d *onDisk) GetRange(_ context.Context, ref chunk.Ref, off, n int) ([]byte, error) {
	d.mu.Lock()
	at, ok := d.at[ref]
	d.mu.Unlock()
	if !ok {
		return nil, chunk.ErrNotFound
	}
	p := make([]byte, n)
	_, err := d.f.ReadAt(p, at+int64(off))
	return p, err
}

// TestMemoryIsBounded lists a large directory with a stat of each entry, and
// many directories, and reads a long file: what the process needs must not grow
// with any of them.
func TestMemoryIsBounded(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector needs memory of its own")
	}
	const entries, dirs, limit = 200000, 10000, 100 << 20
	ctx := context.Background()
	d := newOnDisk(t)
	w := tree.NewDirWriter(d, tree.Cut{})
	top := tree.NewDirWriter(d, tree.Cut{})
	empty, err := w.Close(ctx)
	must(t, err)
	write := func(name string, n int, node tree.Node) {
		for i := range n {
			node.Name = fmt.Sprintf("entry-%07d", i)
			node.Inode = uint64(i)
			must(t, w.Add(ctx, &node))
		}
		sub := meta(name, tree.Dir, 0o755)
		sub.Tree, err = w.Close(ctx)
		must(t, err)
		must(t, top.Add(ctx, &sub))
	}
	file := meta("", tree.File, 0o644)
	file.Size, file.Content = 30, tree.Content{Form: tree.Inline, Inline: text(30)}
	dir := meta("", tree.Dir, 0o755)
	dir.Tree = empty
	write("large", entries, file)
	write("many", dirs, dir)
	root, err := top.Close(ctx)
	must(t, err)

	cached := chunk.NewCached(d, 32<<20)
	t.Cleanup(cached.Close)
	opts := Options{Tree: tree.NewReader(cached, benchKeys.ContentHash, 8<<20), Chunks: cached}
	s, at := up(t, &vaultMem{list: []Snapshot{snap(1, day, "h", root)}}, opts)
	debug.FreeOSMemory()
	before, peak := rssAnon(t), int64(0)
	done := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		for {
			peak = max(peak, rssAnon(t))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	out, err := exec.Command("find", in(at), "-size", "+100M").CombinedOutput()
	if err != nil {
		t.Errorf("find: %v: %s", err, out)
	}
	known := s.mount.dirs.len()
	// The kernel is made to forget what is below the directory.
	s.mount.dirs.mu.RLock()
	var id uint64
	for _, d := range s.mount.dirs.byNumber {
		if d.view != nil && d.parent.folder != nil {
			id = dirID(d.number)
		}
	}
	s.mount.dirs.mu.RUnlock()
	if st := s.server.EntryNotify(id, "many"); !st.Ok() {
		t.Errorf("notify: %v", st)
	}
	eventually(t, "forgetting", func() bool { return s.mount.dirs.len() < 100 })
	close(done)
	sampler.Wait()
	t.Logf("%d directories known, then %d; %.1f MB before, at most %.1f", known, s.mount.dirs.len(), float64(before)/1e6, float64(peak)/1e6)
	if known < dirs {
		t.Errorf("only %d directories were known to the kernel", known)
	}
	if peak-before > limit {
		t.Errorf("%d bytes were needed", peak-before)
	}
}
