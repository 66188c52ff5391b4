package restore_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/restore"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/sources/dir"
)

func newRepo(t testing.TB, st store.Store) *repo.Repo {
	t.Helper()
	r, err := repo.Init(context.Background(), st, repo.InitOptions{
		Password: []byte("secret"), Argon: seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1},
		Config: repo.Config{PackSize: repo.MinPackSize},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// saved backs a directory up and returns where its tree begins.
func saved(t testing.TB, r *repo.Repo, root string) (chunk.Ref, backup.Report) {
	t.Helper()
	src, err := dir.New([]string{root}, dir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep, err := backup.Run(context.Background(), r, backup.Options{Source: src, Paths: []string{root}, Host: "host"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.Snapshots(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s, err := repo.FindSnapshot(list, rep.Snapshot.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.Root.Ref(), rep
}

func run(t testing.TB, r *repo.Repo, root chunk.Ref, opt restore.Options) restore.Report {
	t.Helper()
	rep, err := restore.Run(context.Background(), r, root, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func clean(t testing.TB, rep restore.Report) restore.Report {
	t.Helper()
	if len(rep.Findings) > 0 || rep.Incomplete || rep.Damaged {
		t.Fatalf("findings: %+v", rep.Findings)
	}
	return rep
}

// facts describes everything below root, names of one file by their group.
func facts(t testing.TB, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	first := map[uint64]string{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		s := fmt.Sprintf("mode %o owner %d:%d time %d.%09d rdev %d", st.Mode, st.Uid, st.Gid, st.Mtim.Sec, st.Mtim.Nsec, st.Rdev)
		if st.Mode&unix.S_IFMT == unix.S_IFREG {
			p, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			s += fmt.Sprintf(" size %d hash %x", st.Size, seal.ObjectName(p))
		}
		if st.Mode&unix.S_IFMT == unix.S_IFLNK {
			to, _ := os.Readlink(path)
			s += " to " + to
		}
		if st.Nlink > 1 && st.Mode&unix.S_IFMT != unix.S_IFDIR {
			if first[st.Ino] == "" {
				first[st.Ino] = rel
			}
			s += fmt.Sprintf(" links %d with %s", st.Nlink, first[st.Ino])
		}
		names := make([]byte, 4096)
		if n, err := unix.Llistxattr(path, names); err == nil && n > 0 {
			for _, name := range strings.Split(strings.TrimSuffix(string(names[:n]), "\x00"), "\x00") {
				v := make([]byte, 1024)
				k, _ := unix.Lgetxattr(path, name, v)
				s += fmt.Sprintf(" %s=%x", name, v[:max(k, 0)])
			}
		}
		out[rel] = s
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func same(t testing.TB, got, want string) {
	t.Helper()
	g, w := facts(t, got), facts(t, want)
	for p, s := range w {
		if g[p] != s {
			t.Errorf("%q:\n got %s\nwant %s", p, g[p], s)
		}
	}
	for p := range g {
		if _, ok := w[p]; !ok {
			t.Errorf("%q should not be there", p)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func noise(rng *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := 0; i+8 <= n; i += 8 {
		v := rng.Uint64()
		for j := range 8 {
			p[i+j] = byte(v >> (8 * j))
		}
	}
	return p
}

// fill makes all that Linux has.
func fill(t testing.TB, rng *rand.Rand, root string) {
	t.Helper()
	for i := range 300 {
		d := filepath.Join(root, fmt.Sprintf("d%d", i%7), fmt.Sprintf("e%d", i%3))
		must(t, os.MkdirAll(d, 0o755))
		must(t, os.WriteFile(filepath.Join(d, fmt.Sprintf("f%03d", i)), noise(rng, rng.IntN(6000)), os.FileMode(0o400|rng.IntN(0o400))))
	}
	must(t, os.WriteFile(filepath.Join(root, "medium"), noise(rng, 400<<10), 0o640))
	must(t, os.WriteFile(filepath.Join(root, "long"), noise(rng, 5<<20), 0o600))
	must(t, os.WriteFile(filepath.Join(root, "empty"), nil, 0o644))
	must(t, os.WriteFile(filepath.Join(root, "inline"), []byte("few bytes"), 0o4755))
	must(t, os.WriteFile(filepath.Join(root, "name \xff\xfe\n"), []byte("x"), 0o644))
	must(t, os.Chmod(filepath.Join(root, "inline"), 0o755|os.ModeSetuid))
	for i, of := range []string{"medium", "inline", "d0/e0/f000"} {
		must(t, os.Link(filepath.Join(root, of), filepath.Join(root, fmt.Sprintf("another%d", i))))
		must(t, os.Link(filepath.Join(root, of), filepath.Join(root, "d1", fmt.Sprintf("third%d", i))))
	}
	f, err := os.Create(filepath.Join(root, "holes"))
	must(t, err)
	for _, off := range []int64{1 << 20, 9 << 20} {
		_, err = f.WriteAt(noise(rng, 300<<10), off)
		must(t, err)
	}
	must(t, f.Truncate(20<<20))
	must(t, f.Close())
	must(t, os.Symlink("../d0/nowhere", filepath.Join(root, "d2", "link")))
	must(t, unix.Mkfifo(filepath.Join(root, "fifo"), 0o622))
	must(t, unix.Mknod(filepath.Join(root, "socket"), unix.S_IFSOCK|0o755, 0))
	if os.Geteuid() == 0 {
		if err := unix.Mknod(filepath.Join(root, "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
			t.Logf("no device: %v", err)
		}
		must(t, os.Chown(filepath.Join(root, "medium"), 1234, 2345))
		must(t, os.Lchown(filepath.Join(root, "d2", "link"), 77, 78))
		must(t, os.Chown(filepath.Join(root, "d3"), 1000, 1001))
	}
	if err := unix.Setxattr(filepath.Join(root, "medium"), "user.note", []byte("kept"), 0); err != nil {
		t.Logf("no extended attributes: %v", err)
	} else {
		must(t, unix.Setxattr(filepath.Join(root, "d1"), "user.dir", []byte{0, 1, 2}, 0))
		must(t, unix.Setxattr(filepath.Join(root, "d0/e0/f000"), "user.small", []byte("v"), 0))
	}
	must(t, os.Mkdir(filepath.Join(root, "none"), 0o500))
	deep := root
	for range 60 {
		deep = filepath.Join(deep, "deep")
	}
	must(t, os.MkdirAll(deep, 0o700))
	old := unix.Timespec{Sec: -5, Nsec: 999999999}
	must(t, unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(root, "d4"), []unix.Timespec{old, old}, 0))
}

func TestEverythingComesBack(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	src, r := t.TempDir(), newRepo(t, mem.New())
	fill(t, rng, src)
	root, _ := saved(t, r, src)

	to := filepath.Join(t.TempDir(), "new", "place")
	if rep := run(t, r, root, restore.Options{Target: to, DryRun: true}); rep.Files == 0 || rep.Written != 0 {
		t.Errorf("dry run: %+v", rep)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("the dry run made the target")
	}
	rep := clean(t, run(t, r, root, restore.Options{Target: to, Verify: true}))
	same(t, filepath.Join(to, src), src)
	if rep.Verified == 0 || rep.Unchanged != 0 {
		t.Errorf("report %+v", rep)
	}
	var st syscall.Stat_t
	must(t, syscall.Stat(filepath.Join(to, src, "holes"), &st))
	if st.Blocks*512 > 4<<20 {
		t.Errorf("the holes take %d bytes", st.Blocks*512)
	}

	for _, rule := range []restore.Overwrite{restore.Always, restore.IfChanged} {
		rep = clean(t, run(t, r, root, restore.Options{Target: to, Overwrite: rule}))
		linked := int64(9) // names of files with several: what they hold is not written into but replaced
		if rule == restore.IfChanged {
			linked = 0
		}
		if rep.Files != linked || rep.Written > linked<<20 {
			t.Errorf("the second time, %s: %+v", rule, rep)
		}
		same(t, filepath.Join(to, src), src)
	}
	part := t.TempDir()
	clean(t, run(t, r, root, restore.Options{Target: part, Path: src + "/d1/", Sparse: true}))
	got, want := facts(t, part), facts(t, filepath.Join(src, "d1"))
	if len(got) != len(want) {
		t.Errorf("%d entries of a part, want %d", len(got), len(want))
	}
	one := t.TempDir()
	clean(t, run(t, r, root, restore.Options{Target: one, Path: src + "/medium"}))
	if names := facts(t, one); len(names) != 2 {
		t.Errorf("one file: %v", names)
	}
}

func TestOnlyWhatDiffersIsWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	src, r := t.TempDir(), newRepo(t, mem.New())
	fill(t, rng, src)
	root, _ := saved(t, r, src)
	to := t.TempDir()
	clean(t, run(t, r, root, restore.Options{Target: to}))
	at := filepath.Join(to, src)

	long := filepath.Join(at, "holes") // one name
	f, err := os.OpenFile(long, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("scribble"), 15<<20) // in a hole
	must(t, err)
	_, err = f.WriteAt([]byte("scribble"), 1<<20+5000)
	must(t, err)
	must(t, f.Close())
	must(t, os.Truncate(filepath.Join(at, "empty"), 77))
	must(t, os.Remove(filepath.Join(at, "d2", "link")))
	must(t, os.Mkdir(filepath.Join(at, "d2", "link"), 0o755))
	must(t, os.RemoveAll(filepath.Join(at, "d3")))
	must(t, os.WriteFile(filepath.Join(at, "d3"), []byte("in the way"), 0o644))
	must(t, os.WriteFile(filepath.Join(at, "d0", "extra"), []byte("extra"), 0o644))
	must(t, os.MkdirAll(filepath.Join(at, "d0", "more", "and more"), 0o755))

	rep := clean(t, run(t, r, root, restore.Options{Target: to, Delete: true}))
	same(t, at, src)
	if rep.Deleted != 3 {
		t.Errorf("deleted %d, want 3", rep.Deleted)
	}
	if rep.Written > 2<<20 {
		t.Errorf("%d bytes were written", rep.Written)
	}

	must(t, os.WriteFile(filepath.Join(at, "empty"), []byte("newer"), 0o644))
	rep = clean(t, run(t, r, root, restore.Options{Target: to, Overwrite: restore.IfNewer}))
	if b, _ := os.ReadFile(filepath.Join(at, "empty")); string(b) != "newer" {
		t.Error("a newer file was overwritten")
	}
	rep = clean(t, run(t, r, root, restore.Options{Target: to, Overwrite: restore.Never, Include: []string{"emp*"}}))
	if rep.Skipped != 1 || rep.Files != 0 {
		t.Errorf("never: %+v", rep)
	}
}

func TestPatterns(t *testing.T) {
	src, r := t.TempDir(), newRepo(t, mem.New())
	for _, p := range []string{"a/x.txt", "a/y.log", "b/c/x.txt", "b/c/z", "d/only"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(src, p)), 0o755))
		must(t, os.WriteFile(filepath.Join(src, p), []byte(p), 0o644))
	}
	root, _ := saved(t, r, src)
	for _, c := range []struct {
		opt  restore.Options
		want string
	}{
		{restore.Options{Include: []string{"*.txt"}}, "a/x.txt b/c/x.txt"},
		{restore.Options{Include: []string{"b/c"}}, "b/c/x.txt b/c/z"},
		{restore.Options{Exclude: []string{"b", "*.log"}}, "a/x.txt d/only"},
		{restore.Options{IInclude: []string{"X.TXT"}, Exclude: []string{"a"}}, "b/c/x.txt"},
	} {
		c.opt.Target = t.TempDir()
		clean(t, run(t, r, root, c.opt))
		var got []string
		must(t, filepath.WalkDir(c.opt.Target, func(p string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				rel, _ := filepath.Rel(filepath.Join(c.opt.Target, src), p)
				got = append(got, rel)
			}
			return err
		}))
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v gave %q, want %q", c.opt, got, c.want)
		}
	}
}

// TestPlantedLinks: somebody who can write into the target can't lead a restore
// out of it.
func TestPlantedLinks(t *testing.T) {
	src, r := t.TempDir(), newRepo(t, mem.New())
	must(t, os.MkdirAll(filepath.Join(src, "dir"), 0o755))
	must(t, os.WriteFile(filepath.Join(src, "dir", "file"), []byte("from the vault"), 0o644))
	must(t, os.WriteFile(filepath.Join(src, "plain"), []byte("from the vault too"), 0o600))
	must(t, os.WriteFile(filepath.Join(src, "second"), []byte("and this"), 0o600))
	root, _ := saved(t, r, src)

	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "file"), []byte("precious"), 0o644))
	to := t.TempDir()
	at := filepath.Join(to, src)
	must(t, os.MkdirAll(at, 0o755))
	must(t, os.Symlink(outside, filepath.Join(at, "dir")))
	must(t, os.Symlink(filepath.Join(outside, "file"), filepath.Join(at, "plain")))
	must(t, os.Link(filepath.Join(outside, "file"), filepath.Join(at, "second")))
	before := facts(t, outside)["file"]
	clean(t, run(t, r, root, restore.Options{Target: to}))
	same(t, at, src)
	after := facts(t, outside)["file"]
	if b, _ := os.ReadFile(filepath.Join(outside, "file")); string(b) != "precious" || len(facts(t, outside)) != 2 {
		t.Errorf("something outside was changed: %q, was %q", after, before)
	}
	rep := run(t, r, root, restore.Options{Target: to, Overwrite: restore.Never})
	if rep.Files != 0 {
		t.Errorf("never: %+v", rep)
	}
}

// TestDamageIsNamed: a broken pack costs the files in it and no others.
func TestDamageIsNamed(t *testing.T) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(5, 5))
	st := mem.New()
	src, r := t.TempDir(), newRepo(t, st)
	for i := range 12 {
		must(t, os.WriteFile(filepath.Join(src, fmt.Sprintf("long%02d", i)), noise(rng, 1<<20), 0o644))
	}
	root, _ := saved(t, r, src)
	var victim store.Info
	must(t, st.List(ctx, store.Pack, func(i store.Info) error {
		if i.Size > victim.Size {
			victim = i
		}
		return nil
	}))
	p, err := st.Get(ctx, victim.Name, 0, -1)
	must(t, err)
	p = bytes.Clone(p)
	p[len(p)/2] ^= 1
	must(t, st.Remove(ctx, victim.Name))
	_, err = st.Put(ctx, victim.Name, p)
	must(t, err)

	to := t.TempDir()
	rep := run(t, r, root, restore.Options{Target: to})
	if !rep.Damaged || !rep.Incomplete || len(rep.Findings) != 1 {
		t.Fatalf("report %+v", rep)
	}
	if rep.Files != 11 || !strings.Contains(rep.Findings[0].Path, "long") {
		t.Errorf("report %+v", rep)
	}
}

// TestNoOwner: what does not get its owner gets no rights of another either.
func TestNoOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root has files of others")
	}
	src, r := t.TempDir(), newRepo(t, mem.New())
	name := filepath.Join(src, "tool")
	must(t, os.WriteFile(name, []byte("#!"), 0o755))
	must(t, os.Chown(name, 1234, 1234))
	must(t, os.Chmod(name, 0o755|os.ModeSetuid|os.ModeSetgid))
	root, _ := saved(t, r, src)
	to := t.TempDir()
	clean(t, run(t, r, root, restore.Options{Target: to, NoOwner: true}))
	var st unix.Stat_t
	must(t, unix.Stat(filepath.Join(to, name), &st))
	if st.Uid != 0 || st.Mode&0o7777 != 0o755 {
		t.Errorf("owner %d, mode %o", st.Uid, st.Mode)
	}
}

// TestBrokenOff: a restore that was ended anywhere is completed by another.
func TestBrokenOff(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	src, r := t.TempDir(), newRepo(t, mem.New())
	fill(t, rng, src)
	root, _ := saved(t, r, src)
	to := t.TempDir()
	for after := time.Duration(0); after < 40*time.Millisecond; after += 8 * time.Millisecond {
		ctx, cancel := context.WithTimeout(context.Background(), after)
		rep, err := restore.Run(ctx, r, root, restore.Options{Target: to, Overwrite: restore.IfChanged}, nil)
		cancel()
		if err == nil && rep.Incomplete {
			t.Errorf("after %v: %+v", after, rep)
		}
	}
	clean(t, run(t, r, root, restore.Options{Target: to, Overwrite: restore.IfChanged, Verify: true}))
	same(t, filepath.Join(to, src), src)
}

func BenchmarkSmallFiles(b *testing.B) {
	src, r := b.TempDir(), newRepo(b, mem.New())
	rng := rand.New(rand.NewPCG(6, 6))
	for i := range 5000 {
		d := filepath.Join(src, fmt.Sprint(i/100))
		must(b, os.MkdirAll(d, 0o755))
		must(b, os.WriteFile(filepath.Join(d, fmt.Sprint(i)), noise(rng, 100+rng.IntN(2900)), 0o644))
	}
	root, _ := saved(b, r, src)
	for b.Loop() {
		to := b.TempDir()
		clean(b, run(b, r, root, restore.Options{Target: to}))
	}
	b.ReportMetric(float64(5000*b.N)/b.Elapsed().Seconds(), "files/s")
}
