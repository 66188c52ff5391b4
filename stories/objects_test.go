package stories

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func sum(p []byte) string {
	s := sha256.Sum256(p)
	return hex.EncodeToString(s[:8])
}

// object is a file of a repository.
type object struct {
	path string
	size int64
}

// objects lists what lies in a folder of the repository, by path. Files that
// vanish meanwhile are left out.
func (h *host) objects(folder string) []object {
	h.t.Helper()
	var all []object
	err := filepath.WalkDir(filepath.Join(h.repo, folder), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			all = append(all, object{path, info.Size()})
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func bytesOf(all []object) (n int64) {
	for _, o := range all {
		n += o.size
	}
	return n
}

// newSince returns what is in now and was not in before.
func newSince(now, before []object) []object {
	return slices.DeleteFunc(slices.Clone(now), func(o object) bool { return slices.Contains(before, o) })
}

func largest(t *testing.T, all []object) string {
	t.Helper()
	if len(all) == 0 {
		t.Fatal("there is nothing")
	}
	return slices.MaxFunc(all, func(a, b object) int { return int(a.size - b.size) }).path
}

// overwrite puts other bytes in the place of an object, whatever its mode.
func overwrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(p), 0o600); err != nil {
		t.Fatal(err)
	}
}

// flip changes one bit in the middle of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	overwrite(t, path, func(p []byte) []byte { p[len(p)/2] ^= 4; return p })
}

// cut takes the second half of a file away.
func cut(t *testing.T, path string) {
	t.Helper()
	overwrite(t, path, func(p []byte) []byte { return p[:len(p)/2] })
}

// drop removes a file.
func drop(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
