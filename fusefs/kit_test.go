package fusefs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/chunk/chunktest"
	"ivyvault/repo/tree"
)

// kit makes trees in memory.
type kit struct {
	t    testing.TB
	keys *chunk.Keys
	mem  *chunktest.Mem
}

func newKit(t testing.TB) *kit {
	k := &kit{t: t, keys: chunk.NewKeys([32]byte{7})}
	k.mem = chunktest.NewMem(k.keys)
	return k
}

func (k *kit) ok(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// meta is what the nodes of the kit have in common.
func meta(name string, typ tree.Type, mode uint32) tree.Node {
	return tree.Node{Name: name, Type: typ, Mode: mode, UID: uint32(os.Getuid()), GID: uint32(os.Getgid()),
		MTime: tree.Time{Sec: 1700000000, Nsec: 123456789}, CTime: tree.Time{Sec: 1700000001, Nsec: 5}, Links: 1}
}

// file is a file kept as a slice of a bundle of its own, or as a list of chunks.
func (k *kit) file(name string, data []byte) tree.Node {
	n := meta(name, tree.File, 0o644)
	n.Size = uint64(len(data))
	switch {
	case len(data) == 0:
	case len(data) <= 64:
		n.Content = tree.Content{Form: tree.Inline, Inline: data}
	case len(data) <= tree.MaxSlice:
		bundle := append([]byte("what stands before in the bundle"), data...)
		ref, err := k.mem.Put(context.Background(), chunk.Data, bundle)
		k.ok(err)
		n.Content = tree.Content{Form: tree.Slice, Ref: ref, Offset: 32, Hash: k.keys.ContentHash(data)}
	default:
		n.Content, _ = k.long(slices.Collect(slices.Chunk(data, 1<<20))...)
	}
	return n
}

// long is the content of pieces; those that are nil are holes of a mebibyte.
func (k *kit) long(pieces ...[]byte) (tree.Content, uint64) {
	w := tree.NewListWriter(k.mem)
	for _, p := range pieces {
		if p == nil {
			k.ok(w.AddHole(1 << 20))
			continue
		}
		ref, err := k.mem.Put(context.Background(), chunk.Data, p)
		k.ok(err)
		k.ok(w.AddChunk(context.Background(), ref))
	}
	c, size, err := w.Close(context.Background())
	k.ok(err)
	return c, size
}

// top makes a directory's pages.
func (k *kit) top(nodes ...tree.Node) chunk.Ref {
	sort.Slice(nodes, func(i, j int) bool { return nodes[i].Name < nodes[j].Name })
	w := tree.NewDirWriter(k.mem, tree.Cut{})
	for i := range nodes {
		k.ok(w.Add(context.Background(), &nodes[i]))
	}
	ref, err := w.Close(context.Background())
	k.ok(err)
	return ref
}

func (k *kit) dir(name string, nodes ...tree.Node) tree.Node {
	n := meta(name, tree.Dir, 0o755)
	n.Tree = k.top(nodes...)
	return n
}

// vaultMem is a Vault in memory.
type vaultMem struct {
	mu    sync.Mutex
	list  []Snapshot
	fresh bool
	err   error
}

var _ Vault = (*vaultMem)(nil)

func (v *vaultMem) Snapshots(context.Context) ([]Snapshot, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.list), v.err
}

func (v *vaultMem) Refresh(context.Context) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	was := v.fresh
	v.fresh = false
	return was, v.err
}

func (v *vaultMem) set(list ...Snapshot) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.list, v.fresh = list, true
}

var day = time.Date(2026, 11, 21, 2, 0, 5, 0, time.UTC)

func snap(n byte, when time.Time, host string, root chunk.Ref, tags ...string) Snapshot {
	return Snapshot{ID: [32]byte{n, 0xab, n}, Time: when, Host: host, Tags: tags, Paths: []string{"/"}, Root: root}
}

// options over what the kit holds, or over get where it is given.
func (k *kit) options(get chunk.Getter) Options {
	if get == nil {
		get = k.mem
	}
	cached := chunk.NewCached(get, 32<<20)
	k.t.Cleanup(cached.Close)
	return Options{
		Tree:         tree.NewReader(cached, k.keys.ContentHash, 8<<20),
		Chunks:       cached,
		RefreshEvery: 20 * time.Millisecond,
	}
}

// needFuse skips the test where nothing can be mounted, with the reason.
func needFuse(t testing.TB) {
	t.Helper()
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no FUSE: %v", err)
	}
	f.Close()
	if os.Geteuid() != 0 {
		if _, err := exec.LookPath("fusermount3"); err != nil {
			t.Skip("not root, and no fusermount3")
		}
	}
}

// up mounts and unmounts at the end of the test.
func up(t testing.TB, v Vault, opts Options) (*Server, string) {
	t.Helper()
	needFuse(t)
	dir := t.TempDir()
	s, err := Mount(context.Background(), dir, v, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Unmount(); err != nil {
			t.Errorf("unmount: %v", err)
		}
		s.Wait()
	})
	// Go polls files that it opens, which can block a process that uses its
	// own mount, as only a test does.
	if err := s.server.WaitMount(); err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func one(k *kit, root chunk.Ref) *vaultMem {
	return &vaultMem{list: []Snapshot{snap(1, day, "alpha", root)}}
}

const oneTime = "2026-11-21T02-00-05Z"

// in is a path below the only snapshot.
func in(dir string, path ...string) string {
	return filepath.Join(append([]string{dir, "snapshots", oneTime}, path...)...)
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = e.Name()
	}
	return list
}

func stat(t *testing.T, path string) syscall.Stat_t {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		t.Fatalf("lstat %s: %v", path, err)
	}
	return st
}

func text(n int) []byte {
	var b []byte
	for i := 0; len(b) < n; i++ {
		b = fmt.Appendf(b, "line %d of a file\n", i)
	}
	return b[:n]
}
