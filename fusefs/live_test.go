package fusefs

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"ivyvault/repo/tree"
)

func TestSnapshotsComeAndGo(t *testing.T) {
	k := newKit(t)
	root := k.top(k.file("f", chunkOf('x')))
	a, b := snap(1, day, "alpha", root, "t"), snap(2, day.AddDate(0, 0, 1), "beta", root)
	v := &vaultMem{list: []Snapshot{a}}
	_, dir := up(t, v, k.options(nil))
	shown := func(path string, want ...string) func() bool {
		return func() bool { return slices.Equal(names(t, filepath.Join(dir, path)), want) }
	}
	if !shown("snapshots", oneTime, "latest")() || !shown("hosts", "alpha")() {
		t.Fatal("the beginning is not as it should be")
	}
	if _, err := os.Lstat(filepath.Join(dir, "ids", idName(b.ID))); !os.IsNotExist(err) {
		t.Fatal(err)
	}
	v.set(a, b)
	const next = "2026-11-22T02-00-05Z"
	eventually(t, "the new snapshot", shown("snapshots", oneTime, next, "latest"))
	eventually(t, "its host", shown("hosts", "alpha", "beta"))
	eventually(t, "its id", func() bool {
		_, err := os.Lstat(filepath.Join(dir, "ids", idName(b.ID), "f"))
		return err == nil
	})
	eventually(t, "latest", func() bool {
		to, err := os.Readlink(filepath.Join(dir, "snapshots/latest"))
		return err == nil && to == next
	})

	open, err := os.Open(in(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	v.set(b)
	eventually(t, "the end of the first", shown("snapshots", next, "latest"))
	eventually(t, "the end of its tag", shown("tags"))
	eventually(t, "the end of its name", func() bool {
		_, err := os.Lstat(in(dir, "f"))
		return os.IsNotExist(err)
	})
	buf := make([]byte, 10)
	if _, err := open.ReadAt(buf, 500000); err != nil || string(buf) != "xxxxxxxxxx" {
		t.Errorf("a file that was open: %q, %v", buf, err)
	}
}

func TestVaultThatFails(t *testing.T) {
	k := newKit(t)
	v := one(k, k.top(k.file("f", []byte("x"))))
	opts := k.options(nil)
	var mu sync.Mutex
	var told []Trouble
	opts.Tell = func(tr Trouble) { mu.Lock(); told = append(told, tr); mu.Unlock() }
	_, dir := up(t, v, opts)
	v.mu.Lock()
	v.err = errors.New("the store is away")
	v.mu.Unlock()
	eventually(t, "the trouble", func() bool {
		_ = names(t, filepath.Join(dir, "snapshots"))
		mu.Lock()
		defer mu.Unlock()
		return len(told) == 1 && strings.Contains(told[0].Err.Error(), "away")
	})
	if got, err := os.ReadFile(in(dir, "f")); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Mount(t.Context(), t.TempDir(), v, opts); err == nil {
		t.Error("a vault that can't be read was mounted")
	}
}

func TestFilters(t *testing.T) {
	k := newKit(t)
	root := k.top(k.dir("srv", k.dir("ivy", k.file("f", []byte("inner")))), k.file("outer", nil))
	v := &vaultMem{list: []Snapshot{snap(1, day, "alpha", root), snap(2, day, "beta", root), snap(3, day, "gamma", k.top())}}
	v.list[1].Paths = []string{"/home"}
	v.list[2].Paths = []string{"/srv"}
	opts := k.options(nil)
	opts.Path = "/srv/ivy"
	opts.Owned = true
	_, dir := up(t, v, opts)
	if got := names(t, filepath.Join(dir, "hosts")); !slices.Equal(got, []string{"alpha", "gamma"}) {
		t.Errorf("hosts: %q", got)
	}
	if got := names(t, filepath.Join(dir, "hosts/alpha", oneTime)); !slices.Equal(got, []string{"f"}) {
		t.Errorf("the directory: %q", got)
	}
	if got := names(t, filepath.Join(dir, "hosts/gamma", oneTime)); len(got) != 0 {
		t.Errorf("where it is not there: %q", got)
	}
	if st := stat(t, in(dir, "f")); int(st.Uid) != os.Getuid() {
		t.Errorf("owner %d", st.Uid)
	}

	keep := k.options(nil)
	keep.Keep = func(s Snapshot) bool { return s.Host == "beta" }
	_, dir = up(t, v, keep)
	if got := names(t, filepath.Join(dir, "hosts")); !slices.Equal(got, []string{"beta"}) {
		t.Errorf("hosts: %q", got)
	}
}

func TestDamageHurtsOnlyWhatNeedsIt(t *testing.T) {
	k := newKit(t)
	good, bad := chunkOf('g'), chunkOf('b')
	n := meta("long", tree.File, 0o644)
	n.Content, n.Size = k.long(good, bad)
	badRef, _ := k.keys.Name(1, bad, nil)
	other := k.file("other", chunkOf('o'))
	small := k.file("small", bytes.Repeat([]byte("s"), 1000))
	lost := k.dir("lost", k.file("x", []byte("x")))
	v := one(k, k.top(n, other, small, lost))
	k.mem.Damage(badRef, 5)
	k.mem.Damage(small.Content.Ref, 40)
	k.mem.Drop(lost.Tree)
	opts := k.options(nil)
	var mu sync.Mutex
	var told []Trouble
	opts.Tell = func(tr Trouble) { mu.Lock(); told = append(told, tr); mu.Unlock() }
	_, dir := up(t, v, opts)
	for _, name := range []string{"long", "small"} {
		for range 20 {
			if _, err := os.ReadFile(in(dir, name)); !errors.Is(err, syscall.EIO) {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	if _, err := os.ReadDir(in(dir, "lost")); !errors.Is(err, syscall.EIO) {
		t.Errorf("a directory that is lost: %v", err)
	}
	f, err := os.Open(in(dir, "long"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf := make([]byte, 4096)
	if _, err := f.ReadAt(buf, 1<<20-4096); err != nil || buf[0] != 'g' {
		t.Errorf("the good part beside it: %v", err)
	}
	if got, err := os.ReadFile(in(dir, "other")); err != nil || !bytes.Equal(got, chunkOf('o')) {
		t.Errorf("another file: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(told) != 3 {
		t.Errorf("told %d times: %v", len(told), told)
	}
	for i, want := range []string{"long", "small", "lost"} {
		if i < len(told) && told[i].Path != "snapshots/"+oneTime+"/"+want {
			t.Errorf("told of %q, want %s", told[i].Path, want)
		}
	}
}

func TestReadOnly(t *testing.T) {
	k := newKit(t)
	_, dir := up(t, one(k, k.top(k.file("f", []byte("x")))), k.options(nil))
	for what, err := range map[string]error{
		"write":  os.WriteFile(in(dir, "f"), []byte("y"), 0o600),
		"create": os.WriteFile(in(dir, "new"), nil, 0o600),
		"remove": os.Remove(in(dir, "f")),
		"mkdir":  os.Mkdir(filepath.Join(dir, "snapshots/x"), 0o700),
		"chmod":  os.Chmod(in(dir, "f"), 0o600),
		"xattr":  syscall.Setxattr(in(dir, "f"), "user.x", nil, 0),
	} {
		if !errors.Is(err, syscall.EROFS) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil || st.Bavail != 0 {
		t.Errorf("statfs: %+v, %v", st, err)
	}
}

// TestUnmount: a mount that is in use can be taken away, by anybody, and again.
func TestUnmount(t *testing.T) {
	k := newKit(t)
	s, dir := up(t, one(k, k.top(k.file("f", []byte("x")))), k.options(nil))
	// It goes there itself: a process that serves a mount must not start another
	// one in it.
	user := exec.Command("sh", "-c", "cd "+in(dir)+" && echo there && exec sleep 60")
	there, err := user.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := user.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = user.Process.Kill()
		_ = user.Wait()
		s.Wait()
	}()
	if _, err := there.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := s.Unmount(); err != nil {
		t.Errorf("in use: %v", err)
	}
	select {
	case <-s.served:
		t.Error("the user was left alone")
	default:
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("still there: %q", got)
	}
	if err := s.Unmount(); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestStaleMountIsTakenAway(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a mount that nobody serves")
	}
	needFuse(t)
	dir := t.TempDir()
	fd, err := syscall.Open("/dev/fuse", syscall.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = syscall.Mount("stale", dir, "fuse.stale", 0, "fd="+strconv.Itoa(fd)+",rootmode=40000,user_id=0,group_id=0")
	syscall.Close(fd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, syscall.ENOTCONN) {
		t.Fatalf("the mount is not stale: %v", err)
	}
	k := newKit(t)
	s, err := Mount(t.Context(), dir, one(k, k.top()), k.options(nil))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Mount(t.Context(), dir, one(k, k.top()), k.options(nil))
	var te *TargetError
	if !errors.As(err, &te) || !strings.Contains(err.Error(), "mount already") {
		t.Errorf("mounted twice: %v", err)
	}
	if err := s.Unmount(); err != nil {
		t.Error(err)
	}
	s.Wait()
}

// TestMountByAProgram mounts as a user does who is not root.
func TestMountByAProgram(t *testing.T) {
	needFuse(t)
	if _, err := exec.LookPath("fusermount3"); err != nil {
		t.Skip("fusermount3 is not installed")
	}
	k := newKit(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	opts := k.options(nil)
	opts.byProgram = true
	s, err := Mount(t.Context(), link, one(k, k.top(k.file("f", []byte("x")))), opts)
	if err != nil {
		t.Fatal(err)
	}
	if out := run(t, "cat", in(link, "f")); out != "x" {
		t.Errorf("read %q", out)
	}
	if at, err := mountAt(s.Dir()); err != nil || at == nil || at.fsType != "fuse.ivyvault" {
		t.Errorf("the table of mounts tells of %+v, %v", at, err)
	}
	run(t, "fusermount3", "-u", s.Dir()) // somebody else unmounts
	s.Wait()
	if err := s.Unmount(); err != nil {
		t.Errorf("unmounting what is gone: %v", err)
	}
}
