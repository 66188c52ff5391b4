package fusefs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ivyvault/chunk"
	"ivyvault/chunk/chunktest"
	"ivyvault/repo/tree"
)

// gate is a Getter that stops at some chunks until it is opened.
type gate struct {
	chunk.Getter
	stops func(chunk.Ref) bool
	open  chan struct{}
	met   chan struct{} // gets something when a reader stands before it
}

func newGate(g chunk.Getter, stops func(chunk.Ref) bool) *gate {
	return &gate{Getter: g, stops: stops, open: make(chan struct{}), met: make(chan struct{}, 1000)}
}

func (g *gate) GetRange(ctx context.Context, ref chunk.Ref, off, n int) ([]byte, error) {
	if g.stops(ref) {
		g.met <- struct{}{}
		select {
		case <-g.open:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return g.Getter.GetRange(ctx, ref, off, n)
}

func (g *gate) Get(ctx context.Context, ref chunk.Ref) ([]byte, error) {
	return g.GetRange(ctx, ref, 0, int(ref.Size))
}

// gated mounts a directory "d" with a file "f" whose page or data can't be had
// for now.
func gated(t *testing.T, data bool) (*gate, string, []byte) {
	k := newKit(t)
	body := chunktest.Noise(1, 100000)
	d := k.dir("d", k.file("f", body), k.file("g", body))
	g := newGate(k.mem, func(ref chunk.Ref) bool {
		if data {
			return ref.Kind == chunk.Data
		}
		return ref == d.Tree
	})
	_, dir := up(t, one(k, k.top(d)), k.options(g))
	return g, dir, body
}

// TestInterruptedReaderHurtsNobody: two wait for the same chunk, one is killed;
// it ends at once, the other gets its bytes.
func TestInterruptedReaderHurtsNobody(t *testing.T) {
	for _, data := range []bool{false, true} {
		g, dir, body := gated(t, data)
		path := in(dir, "d", "f")
		var got []byte
		var err error
		var other sync.WaitGroup
		other.Go(func() { got, err = os.ReadFile(path) })
		<-g.met
		// The kernel asks once for a name and once for a page of a file. Those
		// who want the same wait for that answer: for a name unkillably.
		victim := path
		if !data {
			victim = in(dir, "d", "g")
		}
		killed := exec.Command("cat", victim)
		if err := killed.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond) // until it waits too
		if err := killed.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- killed.Wait() }()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Error("the killed reader still waits for the chunk")
		}
		close(g.open)
		other.Wait()
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("data %v: the other reader got %d bytes, %v", data, len(got), err)
		}
	}
}

// TestHarmlessSignals: the signals by which Go preempts its goroutines must not
// make a wait fail.
func TestHarmlessSignals(t *testing.T) {
	g, dir, _ := gated(t, false)
	thread := make(chan int, 1)
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid()
		var st syscall.Stat_t
		result <- syscall.Lstat(in(dir, "d", "f"), &st) // no retry, unlike package os
	}()
	tid := <-thread
	<-g.met
	for range 10 {
		if err := unix.Tgkill(os.Getpid(), tid, syscall.SIGURG); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Millisecond)
	}
	close(g.open)
	if err := <-result; err != nil {
		t.Errorf("the wait failed: %v", err)
	}
}

// TestUnmountWhileWaiting: a store that never answers does not keep the mount.
func TestUnmountWhileWaiting(t *testing.T) {
	k := newKit(t)
	d := k.dir("d", k.file("f", []byte("x")))
	g := newGate(k.mem, func(ref chunk.Ref) bool { return ref == d.Tree })
	s, dir := up(t, one(k, k.top(d)), k.options(g))
	result := make(chan error, 1)
	go func() {
		_, err := os.Lstat(in(dir, "d", "f"))
		result <- err
	}()
	<-g.met
	if err := s.Unmount(); err != nil {
		t.Errorf("unmount: %v", err)
	}
	s.Abort()
	if err := <-result; err == nil {
		t.Error("the wait ended well")
	}
	s.Wait()
}

// TestManyReaders reads everything from many sides at once.
func TestManyReaders(t *testing.T) {
	k := newKit(t)
	v := sample(k)
	opts := k.options(nil)
	small := chunk.NewCached(k.mem, 1<<20) // so that it is full all the time
	t.Cleanup(small.Close)
	opts.Chunks = small
	opts.Tree = tree.NewReader(small, k.keys.ContentHash, 10<<10)
	_, dir := up(t, v, opts)
	long, part := bytes.Repeat(text(1000), 3000), text(200000)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 3 {
				for name, want := range map[string][]byte{"long": long, "text": part, "hard1": []byte("the needle is linked")} {
					if got, err := os.ReadFile(in(dir, name)); err != nil || !bytes.Equal(got, want) {
						t.Errorf("%s: %d bytes, %v", name, len(got), err)
					}
				}
				if list, err := os.ReadDir(in(dir, "many")); err != nil || len(list) != 500 {
					t.Errorf("%d names, %v", len(list), err)
				}
				f, err := os.Open(in(dir, "long"))
				if err != nil {
					t.Error(err)
					return
				}
				buf := make([]byte, 5000)
				for off := int64(i * 100); off < int64(len(long)-len(buf)); off += 300007 {
					if _, err := f.ReadAt(buf, off); err != nil || !bytes.Equal(buf, long[off:off+5000]) {
						t.Errorf("at %d: %v", off, err)
					}
				}
				f.Close()
			}
		})
	}
	all.Wait()
}

// faulty panics where it should read.
type faulty struct{ Chunks }

func (faulty) Lend(context.Context, chunk.Ref, int, int) (chunk.Loan, error) {
	panic("out of order")
}

func (faulty) Prefetch(chunk.Ref, int, int) bool { return false }

func TestPanicIsAnError(t *testing.T) {
	k := newKit(t)
	opts := k.options(nil)
	opts.Chunks = faulty{opts.Chunks}
	told := make(chan Trouble, 10)
	opts.Tell = func(tr Trouble) { told <- tr }
	_, dir := up(t, one(k, k.top(k.file("long", chunkOf('x')), k.file("small", []byte("s")))), opts)
	if _, err := os.ReadFile(in(dir, "long")); !errors.Is(err, syscall.EIO) {
		t.Errorf("%v", err)
	}
	if tr := <-told; !bytes.Contains([]byte(tr.Err.Error()), []byte("out of order")) {
		t.Errorf("told %v", tr.Err)
	}
	if got, err := os.ReadFile(in(dir, "small")); err != nil || string(got) != "s" {
		t.Errorf("after it: %q, %v", got, err)
	}
}
