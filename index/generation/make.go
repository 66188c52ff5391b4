package generation

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

// Make makes a new generation of dir, which is created where it is missing:
// build fills the empty folder that it is given with files and returns the
// note. The files are synced here, then the folder gets its name, then CURRENT
// names it. Where anything fails the generation before stays.
//
// Readers need not be told: they see the new one when they open again.
func Make(dir string, build func(path string) (note []byte, err error)) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	unlock, err := makeLock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	next, err := sweep(dir)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(dir, "tmp-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(tmp)
		}
	}()
	note, err := build(tmp)
	if err != nil {
		return err
	}
	hash, err := seal(tmp, note)
	if err != nil {
		return err
	}
	lock, err := os.OpenFile(lockFile(dir, next), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := lock.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp, folder(dir, next)); err != nil {
		return err
	}
	if err := syncPath(dir); err != nil {
		return err
	}
	if err := replace(filepath.Join(dir, Current), current{next, hash}.bytes()); err != nil {
		return err
	}
	// The new generation counts; an old one that stays costs only space.
	_, _ = sweep(dir)
	return nil
}

// seal syncs all files of a folder and writes its manifest.
func seal(path string, note []byte) (hash [32]byte, err error) {
	files, err := describe(path)
	if err != nil {
		return hash, err
	}
	for _, f := range files {
		name := filepath.Join(path, f.Name)
		if err := os.Chmod(name, 0o600); err != nil {
			return hash, err
		}
		if err := syncPath(name); err != nil {
			return hash, err
		}
	}
	b, err := json.Marshal(manifest{files, note})
	if err != nil {
		return hash, err
	}
	return blake3.Sum256(b), replace(filepath.Join(path, manifestName), b)
}

// Sweep deletes the generations of dir that CURRENT does not name and nobody
// reads, and what killed makers left. An error Is ErrBusy where another process
// is making one: it sweeps itself.
func Sweep(dir string) error {
	unlock, err := makeLock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	_, err = sweep(dir)
	return err
}

// sweep does Sweep's work under the maker's lock and returns a number above
// that of every generation that was there.
func sweep(dir string) (next uint64, err error) {
	c, err := readCurrent(dir)
	if err != nil && !errors.Is(err, ErrNone) {
		var damage *DamageError
		if !errors.As(err, &damage) {
			return 0, err
		}
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	next = c.n + 1
	for _, e := range list {
		if strings.HasPrefix(e.Name(), "tmp-") {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return 0, err
			}
			continue
		}
		n, ok := number(e.Name())
		if !ok {
			continue
		}
		next = max(next, n+1)
		if n != c.n {
			if err := remove(dir, n); err != nil {
				return 0, err
			}
		}
	}
	return next, nil
}

// remove deletes a generation unless somebody reads it.
func remove(dir string, n uint64) error {
	lock, err := os.OpenFile(lockFile(dir, n), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if flock(lock, unix.LOCK_EX) != nil {
		return nil
	}
	if err := os.RemoveAll(folder(dir, n)); err != nil {
		return err
	}
	return os.Remove(lock.Name())
}

// makeLock takes the maker's lock. The file stays for ever, so that all lock
// the same one.
func makeLock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, makeLockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(f, unix.LOCK_EX); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", dir, ErrBusy)
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}

func removeCurrent(dir string) error {
	err := os.Remove(filepath.Join(dir, Current))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncPath(dir)
}
