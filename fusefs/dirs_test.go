package fusefs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ivyvault/repo/tree"
)

// eventually waits for something that happens by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 200 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s did not come", what)
}

// listing reads a directory through getdents, with the position after each name.
type listing struct {
	t    *testing.T
	fd   int
	buf  []byte
	left []byte
}

func openListing(t *testing.T, dir string, size int) *listing {
	t.Helper()
	fd, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return &listing{t: t, fd: fd, buf: make([]byte, size)}
}

func (l *listing) seek(pos int64) {
	l.t.Helper()
	if _, err := syscall.Seek(l.fd, pos, 0); err != nil {
		l.t.Fatal(err)
	}
	l.left = nil
}

// next returns the next name but the dots, and the position after it; "" at
// the end.
func (l *listing) next() (string, int64) {
	l.t.Helper()
	for {
		if len(l.left) == 0 {
			n, err := unix.Getdents(l.fd, l.buf)
			if err != nil {
				l.t.Fatal(err)
			}
			if n == 0 {
				return "", 0
			}
			l.left = l.buf[:n]
		}
		off := int64(le64(l.left[8:]))
		size := int(l.left[16]) | int(l.left[17])<<8
		name := l.left[19:size]
		name = name[:slices.Index(name, 0)]
		l.left = l.left[size:]
		if s := string(name); s != "." && s != ".." {
			return s, off
		}
	}
}

func le64(b []byte) uint64 {
	var v uint64
	for i := range 8 {
		v |= uint64(b[i]) << (8 * i)
	}
	return v
}

// checkPositions goes over a directory, then back to random positions of it.
func checkPositions(t *testing.T, dir string, want int) {
	t.Helper()
	l := openListing(t, dir, 4096)
	var all []string
	var after []int64
	for {
		name, pos := l.next()
		if name == "" {
			break
		}
		all, after = append(all, name), append(after, pos)
	}
	if len(all) != want {
		t.Fatalf("%d names, want %d", len(all), want)
	}
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	if len(slices.Compact(sorted)) != want {
		t.Fatal("a name comes twice")
	}
	l.seek(0)
	if name, _ := l.next(); name != all[0] {
		t.Errorf("after rewinding: %q, want %q", name, all[0])
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 2))
	other := openListing(t, dir, 1024) // positions mean the same in another one
	for range 100 {
		i := r.IntN(want - 1)
		for _, l := range []*listing{l, other} {
			l.seek(after[i])
			if name, _ := l.next(); name != all[i+1] {
				t.Fatalf("after position %d: %q, want %q (seed %d)", after[i], name, all[i+1], seed)
			}
		}
	}
}

func TestLargeDirectory(t *testing.T) {
	k := newKit(t)
	var nodes []tree.Node
	for i := range 5000 {
		n := meta(fmt.Sprintf("entry number %06d", i*7%5000), tree.File, 0o600)
		if i%50 == 0 {
			n.Type, n.Tree = tree.Dir, k.top()
		}
		nodes = append(nodes, n)
	}
	s, dir := up(t, one(k, k.top(k.dir("large", nodes...))), k.options(nil))
	checkPositions(t, in(dir, "large"), 5000)
	if n := s.mount.dirs.len(); n > 130 {
		t.Errorf("%d directories are kept for 100 that the kernel knows", n)
	}
}
