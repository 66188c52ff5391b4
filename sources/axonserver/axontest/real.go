package axontest

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"
)

// The places in what Real returns.
const (
	RealStore = "store/events/default" // 13,000 events in 18 segments, 17 of them closed
	RealOpen  = "00000000000000012925.events"
	GoodOpen  = "torn/good-open-" + RealOpen // the open segment of the store
	TornOpen  = "torn/torn-open-" + RealOpen // as a slow copy would have torn it
)

// Real returns the real store that is kept in testdata, and its torn segment.
func Real(t testing.TB) fstest.MapFS {
	t.Helper()
	f, err := os.Open(filepath.Join(top(t), "testdata", "axonserver", "axonserver-4.6.12.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := fstest.MapFS{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = &fstest.MapFile{Data: data, Mode: 0o644, ModTime: h.ModTime}
	}
}

// top returns the directory of go.mod.
func top(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("there is no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// WriteDir writes files below a directory, runs of zeros as holes.
func WriteDir(t testing.TB, files fs.FS, dir string) {
	t.Helper()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(to, 0o755))
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return writeSparse(to, data)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func writeSparse(name string, data []byte) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	const page = 4096
	zeros := string(make([]byte, page))
	for off := 0; off < len(data) && err == nil; off += page {
		if p := data[off:min(off+page, len(data))]; string(p) != zeros[:len(p)] {
			_, err = f.WriteAt(p, int64(off))
		}
	}
	return errors.Join(err, f.Truncate(int64(len(data))), f.Close())
}
