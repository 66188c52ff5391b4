package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"ivyvault/repo/store"
)

var errNoPutIfAbsent = errors.New("the file system has neither hard links nor a rename that does not replace")

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	if err := begin(ctx, "put", name); err != nil {
		return false, err
	}
	made, err := s.put(ctx, name, data)
	if err != nil {
		return false, s.explain("put", name, err)
	}
	if name.Type == store.Config {
		s.configured.Store(true)
	}
	return made, nil
}

func (s *Store) put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	if err := s.trusted(); err != nil {
		return false, err
	}
	dir, path := s.place(name)
	var st unix.Stat_t
	if unix.Lstat(path, &st) == nil {
		return false, s.settle(dir) // spares writing what would be thrown away
	}
	tmp, err := s.writeTemp(data)
	if err != nil {
		return false, err
	}
	defer os.Remove(tmp) // fails harmlessly where the file was renamed
	if err := ctx.Err(); err != nil {
		return false, err
	}
	made, err := s.name(tmp, path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.makeDir(dir); err != nil {
			return false, err
		}
		made, err = s.name(tmp, path)
	}
	if err != nil {
		return false, err
	}
	// Whoever is told "was there" will rely on it as if it had put the object,
	// and its maker may not have synced the directory yet.
	return made, s.settle(dir)
}

// writeTemp writes data to a new file of tmp/, durably, and returns its path.
// On error no file is left.
func (s *Store) writeTemp(data []byte) (path string, err error) {
	var id [12]byte
	rand.Read(id[:])
	path = s.dir + "/" + tmpDir + "/" + hex.EncodeToString(id[:])
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.makeDir(s.dir + "/" + tmpDir); err != nil {
			return "", err
		}
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	}
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		if err = s.syncFile(f); err != nil {
			err = &syncError{err}
		}
	}
	if e := f.Close(); err == nil && e != nil {
		err = e
	}
	if err != nil {
		os.Remove(path)
		return "", err
	}
	return path, nil
}

// name gives the file its final name unless that is taken.
func (s *Store) name(tmp, path string) (made bool, err error) {
	if !s.noLinks.Load() {
		err = s.link(tmp, path)
		if errors.Is(err, fs.ErrExist) {
			// On a network the answer to a link that worked can get lost; its
			// repetition then finds our own file.
			return sameFile(tmp, path), nil
		}
		if err == nil || !refused(err) {
			return err == nil, wrapLink(err, tmp, path)
		}
		s.noLinks.Store(true)
	}
	err = s.noReplace(tmp, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil && (refused(err) || errors.Is(err, unix.EINVAL)):
		return false, fmt.Errorf("%w: %w", errNoPutIfAbsent, wrapLink(err, tmp, path))
	}
	return err == nil, wrapLink(err, tmp, path)
}

// refused says that the file system does not have the operation at all.
func refused(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOTSUP) ||
		errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS)
}

func unixLink(from, to string) error { return unix.Link(from, to) }

func wrapLink(err error, from, to string) error {
	if err == nil {
		return nil
	}
	return &os.LinkError{Op: "name", Old: from, New: to, Err: err}
}

func sameFile(a, b string) bool {
	x, err := os.Lstat(a)
	if err != nil {
		return false
	}
	y, err := os.Lstat(b)
	return err == nil && os.SameFile(x, y)
}

// settle makes the entries of dir durable, and dir's own if that is not known.
func (s *Store) settle(dir string) error {
	if err := s.syncDir(dir); err != nil {
		return err
	}
	for ; len(dir) > len(s.dir); dir = filepath.Dir(dir) {
		s.mu.Lock()
		known := s.synced[dir]
		s.mu.Unlock()
		if known {
			continue
		}
		if err := s.syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
		s.mu.Lock()
		s.synced[dir] = true
		s.mu.Unlock()
	}
	return nil
}

func (s *Store) syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = s.syncFile(d)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil // this file system knows no sync of directories
	}
	if err != nil {
		err = &syncError{err}
		s.mu.Lock()
		if s.broken == nil {
			s.broken = err
		}
		s.mu.Unlock()
		return err
	}
	return nil
}

// trusted returns the first error of syncing a directory: the next sync could
// succeed although what the failed one should have stored is lost.
func (s *Store) trusted() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// makeDir makes a directory of the repository that is missing, and those above.
func (s *Store) makeDir(dir string) error {
	if err := s.present(); err != nil {
		return err
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) && len(dir) > len(s.dir) {
		if err := s.makeDir(filepath.Dir(dir)); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	s.mu.Lock()
	delete(s.synced, dir)
	s.mu.Unlock()
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
