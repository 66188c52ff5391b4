package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ivyvault/repo/store"
	"ivyvault/repo/store/storetest"
)

func create(t testing.TB) *Store {
	t.Helper()
	s, err := Create(t.Context(), filepath.Join(t.TempDir(), "a", "repo"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustPut(t testing.TB, s *Store, name store.Name, data []byte) {
	t.Helper()
	if made, err := s.Put(t.Context(), name, data); err != nil || !made {
		t.Fatalf("put %s: made %v, error %v", name, made, err)
	}
}

func mustGet(t testing.TB, s *Store, name store.Name, want []byte) {
	t.Helper()
	if got, err := s.Get(t.Context(), name, 0, -1); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("get %s: %d bytes, error %v; want %d bytes", name, len(got), err, len(want))
	}
}

func noTemp(t testing.TB, s *Store) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(s.dir, tmpDir))
	if err != nil || len(left) != 0 {
		t.Errorf("tmp/ holds %v, error %v; want nothing", left, err)
	}
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return newOwned(t) })
}

func TestConformanceWithoutHardLinks(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		s := newOwned(t)
		s.link = func(string, string) error { return unix.EPERM }
		return s
	})
}

func newOwned(t *testing.T) *Store {
	s, err := Create(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLayoutAndModes(t *testing.T) {
	s := create(t)
	for _, ty := range store.Types {
		mustPut(t, s, storetest.Name(ty, 7), []byte("x"))
	}
	pack := storetest.Name(store.Pack, 7).Name
	files := []string{"config", "log/0000000000000007", "packs/" + pack[:2] + "/" + pack}
	for _, ty := range []store.Type{store.Key, store.Index, store.Snapshot} {
		files = append(files, storetest.Name(ty, 7).String())
	}
	found := 0
	err := filepath.WalkDir(s.dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o400)
		if d.IsDir() {
			want = 0o700
		} else {
			found++
		}
		if i.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", p, i.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil || found != len(files) {
		t.Errorf("%d files, error %v; want %d", found, err, len(files))
	}
	for _, f := range files {
		if _, err := os.Stat(filepath.Join(s.dir, f)); err != nil {
			t.Error(err)
		}
	}
	noTemp(t, s)
}

func TestOpen(t *testing.T) {
	s := create(t)
	if _, err := Open(t.Context(), s.dir); !errors.Is(err, store.ErrNoRepository) {
		t.Errorf("opening without a config: %v", err)
	}
	if _, err := Open(t.Context(), s.dir+"/none"); !errors.Is(err, store.ErrNoRepository) {
		t.Errorf("opening a missing directory: %v", err)
	}
	mustPut(t, s, store.Name{Type: store.Config}, []byte("c"))
	o, err := Open(t.Context(), s.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	mustGet(t, o, store.Name{Type: store.Config}, []byte("c"))
}

func TestCreateRefuses(t *testing.T) {
	s := create(t)
	again, err := Create(t.Context(), s.dir)
	if err != nil {
		t.Fatalf("creating again where no config was put: %v", err)
	}
	mustPut(t, again, store.Name{Type: store.Config}, []byte("c"))
	if _, err := Create(t.Context(), s.dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating over a repository: %v", err)
	}
	other := t.TempDir()
	if err := os.WriteFile(other+"/letter.txt", []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), other); err == nil || !strings.Contains(err.Error(), "choose") {
		t.Errorf("creating beside a user's file: %v", err)
	}
	if left, _ := os.ReadDir(other); len(left) != 1 {
		t.Errorf("a refused create left %v", left)
	}
}

func TestLeftoversAreInvisibleAndGoWhenStale(t *testing.T) {
	s := create(t)
	mustPut(t, s, storetest.Name(store.Pack, 1), []byte("x"))
	old, young := s.dir+"/tmp/1234", s.dir+"/tmp/5678"
	for _, p := range []string{old, young, s.dir + "/index/note.txt", s.dir + "/packs/zz", s.dir + "/packs/note"} {
		if err := os.WriteFile(p, []byte("half"), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, ty := range append(store.Types[:], store.Probe) {
		if err := s.List(t.Context(), ty, func(store.Info) error { seen++; return nil }); err != nil {
			t.Error(err)
		}
	}
	if seen != 1 {
		t.Errorf("listed %d objects, want 1", seen)
	}
	n, size, err := s.RemoveStale(t.Context(), 24*time.Hour)
	if n != 1 || size != 4 || err != nil {
		t.Errorf("removed %d files of %d bytes, error %v; want 1 of 4", n, size, err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young file: %v", err)
	}
	if n, _, err := s.RemoveStale(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("removed %d files, error %v; want 1", n, err)
	}
	noTemp(t, s)
}

func TestFailedSyncIsNeverTrusted(t *testing.T) {
	s := create(t)
	mustPut(t, s, storetest.Name(store.Log, 1), []byte("x"))
	isDir := func(f *os.File) bool { i, err := f.Stat(); return err == nil && i.IsDir() }
	s.syncFile = func(f *os.File) error {
		if !isDir(f) {
			return unix.EIO
		}
		return nil
	}
	_, err := s.Put(t.Context(), storetest.Name(store.Log, 2), []byte("x"))
	if !errors.Is(err, store.ErrPermanent) || !errors.Is(err, unix.EIO) {
		t.Errorf("put whose file could not be synced: %v", err)
	}
	noTemp(t, s)
	if _, err := s.Get(t.Context(), storetest.Name(store.Log, 2), 0, -1); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("the abandoned object: %v", err)
	}
	s.syncFile = func(f *os.File) error {
		if isDir(f) {
			return unix.EIO
		}
		return nil
	}
	if _, err := s.Put(t.Context(), storetest.Name(store.Log, 3), []byte("x")); !errors.Is(err, store.ErrPermanent) {
		t.Errorf("put whose directory could not be synced: %v", err)
	}
	s.syncFile = (*os.File).Sync
	if _, err := s.Put(t.Context(), storetest.Name(store.Log, 3), []byte("x")); !errors.Is(err, store.ErrPermanent) {
		t.Errorf("a later put trusted the directory: %v", err)
	}
	noTemp(t, s)
}

func TestNoWayToPutIfAbsent(t *testing.T) {
	s := create(t)
	s.link = func(string, string) error { return unix.EOPNOTSUPP }
	s.noReplace = func(string, string) error { return unix.EINVAL }
	if _, err := s.Put(t.Context(), storetest.Name(store.Log, 1), nil); !errors.Is(err, store.ErrPermanent) {
		t.Error(err)
	}
	noTemp(t, s)
}

func TestLinkWhoseAnswerWasLost(t *testing.T) {
	s := create(t)
	s.link = func(a, b string) error {
		if err := unix.Link(a, b); err != nil {
			return err
		}
		return unix.Link(a, b)
	}
	mustPut(t, s, storetest.Name(store.Log, 1), []byte("ours"))
	if made, err := s.Put(t.Context(), storetest.Name(store.Log, 1), []byte("ours")); made || err != nil {
		t.Errorf("made %v, error %v", made, err)
	}
}

func TestSubdirectoriesRemovedUnderneath(t *testing.T) {
	s := create(t)
	mustPut(t, s, store.Name{Type: store.Config}, []byte("c"))
	mustPut(t, s, storetest.Name(store.Pack, 1), []byte("x"))
	for _, d := range []string{"tmp", "packs", "log"} {
		if err := os.RemoveAll(filepath.Join(s.dir, d)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Get(t.Context(), storetest.Name(store.Pack, 1), 0, -1); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a removed pack: %v", err)
	}
	for i := range 3 {
		mustPut(t, s, storetest.Name(store.Pack, i), []byte("y"))
		mustPut(t, s, storetest.Name(store.Log, i), []byte("y"))
	}
}

func TestDirectoryThatWentIsNotAnEmptyRepository(t *testing.T) {
	s := create(t)
	mustPut(t, s, store.Name{Type: store.Config}, []byte("c"))
	mustPut(t, s, storetest.Name(store.Pack, 1), []byte("x"))
	check := func(when string) {
		t.Helper()
		_, get := s.Get(t.Context(), storetest.Name(store.Log, 1), 0, -1)
		_, put := s.Put(t.Context(), storetest.Name(store.Log, 1), nil)
		list := s.List(t.Context(), store.Index, func(store.Info) error { return nil })
		for op, err := range map[string]error{"get": get, "put": put, "list": list} {
			if !errors.Is(err, store.ErrNoRepository) || !errors.Is(err, store.ErrPermanent) || errors.Is(err, store.ErrNotExist) {
				t.Errorf("%s, %s: %v", when, op, err)
			}
		}
	}
	if err := os.Rename(s.dir, s.dir+".away"); err != nil {
		t.Fatal(err)
	}
	check("no directory")
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	check("an empty mount point")
	if left, _ := os.ReadDir(s.dir); len(left) != 0 {
		t.Errorf("the empty mount point got %v", left)
	}
}

func TestPutHeedsCancelBeforeNaming(t *testing.T) {
	s := create(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.syncFile = func(f *os.File) error { cancel(); return f.Sync() }
	if _, err := s.Put(ctx, storetest.Name(store.Pack, 1), []byte("x")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	noTemp(t, s)
	s.syncFile = (*os.File).Sync
	if _, err := s.Get(t.Context(), storetest.Name(store.Pack, 1), 0, -1); !errors.Is(err, store.ErrNotExist) {
		t.Error(err)
	}
}

func descriptors(t *testing.T, below string) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("this system does not list open files: %v", err)
	}
	n := 0
	for _, e := range all {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, below) {
			n++
		}
	}
	return n
}

func TestPacksAreKeptOpenWithinBounds(t *testing.T) {
	s := create(t)
	s.packs.max = 4
	const packs = 20
	for i := range packs {
		mustPut(t, s, storetest.Name(store.Pack, i), storetest.Bytes(uint64(i), 9000))
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				n := (i*7 + g) % packs
				b, err := s.Get(t.Context(), storetest.Name(store.Pack, n), 4000, 1000)
				if err != nil || !bytes.Equal(b, storetest.Bytes(uint64(n), 9000)[4000:5000]) {
					t.Errorf("pack %d: %d bytes, error %v", n, len(b), err)
				}
				if i%50 == 0 {
					s.packs.closeIdle()
				}
			}
		})
	}
	wg.Wait()
	if n := descriptors(t, s.dir); n < 1 || n > 4 {
		t.Errorf("%d files are open, want 1 to 4", n)
	}
	// Another process removes one that is open here.
	mustGet(t, s, storetest.Name(store.Pack, 3), storetest.Bytes(3, 9000))
	_, path := s.place(storetest.Name(store.Pack, 3))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), storetest.Name(store.Pack, 3), 0, 1); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a pack that was removed while open: %v", err)
	}
	s.packs.closeIdle()
	s.packs.closeIdle()
	if n := descriptors(t, s.dir); n != 0 {
		t.Errorf("%d idle files stayed open", n)
	}
	mustGet(t, s, storetest.Name(store.Pack, 4), storetest.Bytes(4, 9000))
	s.Close()
	if n := descriptors(t, s.dir); n != 0 {
		t.Errorf("%d files are open after close", n)
	}
}

func BenchmarkPut16MiB(b *testing.B) {
	s := create(b)
	data := storetest.Bytes(1, 16<<20)
	b.SetBytes(int64(len(data)))
	i := 0
	for b.Loop() {
		mustPut(b, s, storetest.Name(store.Pack, i), data)
		if err := s.Remove(b.Context(), storetest.Name(store.Pack, i)); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkGetRange(b *testing.B) {
	s := create(b)
	name := storetest.Name(store.Pack, 1)
	mustPut(b, s, name, storetest.Bytes(1, 16<<20))
	for _, n := range []int64{4 << 10, 128 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", n>>10), func(b *testing.B) {
			b.SetBytes(n)
			b.ReportAllocs()
			off := int64(0)
			for b.Loop() {
				off = (off + 5<<20) % (15 << 20)
				if _, err := s.Get(b.Context(), name, off, n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
