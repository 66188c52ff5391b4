// Package local keeps a repository's objects as files of a directory.
//
// Nouns: each family of objects has a directory (packs have 256, by the first
// two digits of their names); tmp/ holds files under way.
//
// Promise: store.Store's contract, given a file system whose fsync tells the
// truth. An object is written to tmp/, synced, and then linked to its name,
// which fails where the name is taken; rename, which replaces, is never used.
// So a name means a whole, durable file or nothing. Objects are read-only
// files, readable by their owner only.
package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"ivyvault/repo/store"
)

const tmpDir = "tmp"

// Store is a repository's directory. See Create and Open.
type Store struct {
	dir   string
	packs *openFiles
	spare spare // given back by Reuse

	// configured says that a config object was seen: a directory that lacks it
	// later is another one, most likely the mount point of a disk that went.
	configured atomic.Bool
	noLinks    atomic.Bool // the file system refuses hard links

	mu     sync.Mutex
	synced map[string]bool // directories whose own entry is known to be durable
	broken error           // the first failed fsync of a directory; ends all puts

	// The calls that tests let fail.
	link      func(from, to string) error
	noReplace func(from, to string) error
	syncFile  func(*os.File) error
}

var _ store.Store = (*Store)(nil)

func newStore(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir: abs, synced: map[string]bool{abs: true},
		link: unixLink, noReplace: renameNoReplace, syncFile: (*os.File).Sync,
	}
	s.packs = newOpenFiles(maxOpen, func(name string) string {
		_, path := s.place(store.Name{Type: store.Pack, Name: name})
		return path
	})
	for _, d := range families() {
		s.synced[filepath.Join(abs, d)] = true
	}
	return s, nil
}

// families returns the directories of an empty repository.
func families() []string {
	d := []string{tmpDir}
	for _, t := range store.Types {
		if t != store.Config {
			d = append(d, string(t))
		}
	}
	return d
}

// place returns the directory and the file of a valid name.
func (s *Store) place(n store.Name) (dir, path string) {
	switch n.Type {
	case store.Config:
		return s.dir, s.dir + "/config"
	case store.Probe:
		dir = s.dir + "/" + tmpDir
		return dir, dir + "/" + probePrefix + n.Name
	case store.Pack:
		dir = s.dir + "/packs/" + n.Name[:2]
	default:
		dir = s.dir + "/" + string(n.Type)
	}
	return dir, dir + "/" + n.Name
}

// Path returns the directory's absolute path.
func (s *Store) Path() string { return s.dir }

// Get implements store.Store. Packs are kept open for a while, so that the many
// small reads of a mount cost one call each.
func (s *Store) Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error) {
	if err := begin(ctx, "get", name); err != nil {
		return nil, err
	}
	var f *file
	var err error
	if name.Type == store.Pack {
		f, err = s.packs.acquire(name.Name)
	} else {
		_, path := s.place(name)
		f, err = openFile(path)
	}
	if err != nil {
		return nil, s.explain("get", name, err)
	}
	from, count := store.Range(f.size, off, n)
	buf := s.buffer(count)
	got, err := f.readAt(buf, from)
	if name.Type == store.Pack {
		s.packs.release(f)
	} else {
		f.close()
	}
	if err != nil {
		_, path := s.place(name)
		return nil, s.explain("get", name, &fs.PathError{Op: "read", Path: path, Err: err})
	}
	if name.Type == store.Config {
		s.configured.Store(true)
	}
	return buf[:got], nil
}

// Remove implements store.Store. A removal is not synced: a crash may undo it.
func (s *Store) Remove(ctx context.Context, name store.Name) error {
	if err := begin(ctx, "remove", name); err != nil {
		return err
	}
	if name.Type == store.Config {
		s.configured.Store(false)
	}
	_, path := s.place(name)
	if name.Type == store.Pack {
		s.packs.drop(name.Name)
	}
	err := os.Remove(path)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return s.explain("remove", name, err)
	}
	if err := s.present(); err != nil {
		return s.explain("remove", name, err)
	}
	return nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.packs.closeAll()
	return nil
}

// present returns an error where the directory is no longer the repository that
// was opened.
func (s *Store) present() error {
	path := s.dir
	if s.configured.Load() {
		path += "/config"
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return &goneError{dir: s.dir, err: err}
	}
	return nil
}

func begin(ctx context.Context, op string, name store.Name) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return name.Check(op)
}
