package generation

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Generation is one generation held open: it is not deleted before Close.
type Generation struct {
	Number uint64
	Path   string // the folder; nothing in it may be changed
	Note   []byte

	dir  string
	lock *os.File
}

// tries bounds how often Open follows CURRENT to a generation that is deleted
// under its hands. Each try sees a newer one, so two are hardly ever needed.
const tries = 20

// Open opens the newest generation of dir. An error Is ErrNone, or is a
// *DamageError, or says that the folder itself cannot be read.
func Open(dir string) (*Generation, error) {
	var last error
	for range tries {
		c, err := readCurrent(dir)
		if err != nil {
			return nil, err
		}
		g, err := open(dir, c)
		if err == nil {
			return g, nil
		}
		if now, e := readCurrent(dir); e == nil && now == c && !errors.Is(err, errTaken) {
			return nil, err
		}
		last = err
	}
	return nil, &DamageError{dir, "its generations vanish before they can be opened", last}
}

// errTaken says that somebody is just deleting the generation.
var errTaken = errors.New("it is being deleted")

func open(dir string, c current) (*Generation, error) {
	path := folder(dir, c.n)
	lock, err := os.Open(lockFile(dir, c.n))
	if err != nil {
		return nil, &DamageError{path, "its lock cannot be opened", err}
	}
	if err := share(lock); err != nil {
		lock.Close()
		return nil, &DamageError{path, "it cannot be locked", err}
	}
	m, err := readManifest(path, c.hash)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return &Generation{Number: c.n, Path: path, Note: m.Note, dir: dir, lock: lock}, nil
}

// share takes a shared lock on an open lock file. The file may have been
// removed between opening and locking; the lock would then protect nothing.
func share(f *os.File) error {
	if err := flock(f, unix.LOCK_SH); err != nil {
		return errTaken
	}
	here, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(f.Name())
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(here, there) {
		return errTaken
	}
	return err
}

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Close lets go of the generation and deletes those that nobody reads any more.
// All use of its files must have ended.
func (g *Generation) Close() error {
	err := g.lock.Close()
	if c, e := readCurrent(g.dir); e == nil && c.n != g.Number {
		if e := Sweep(g.dir); e != nil && err == nil && !errors.Is(e, ErrBusy) {
			err = e
		}
	}
	return err
}

// Disown makes CURRENT name nothing, if it still names this generation: it has
// been found damaged while in use. It does nothing where another process is
// making a generation, which will replace it anyway.
func (g *Generation) Disown() error {
	unlock, err := makeLock(g.dir)
	if errors.Is(err, ErrBusy) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	if c, err := readCurrent(g.dir); err != nil || c.n != g.Number {
		return nil
	}
	return removeCurrent(g.dir)
}

// Newest returns the number of the generation that CURRENT names, 0 where it
// names none.
func Newest(dir string) uint64 {
	c, err := readCurrent(dir)
	if err != nil {
		return 0
	}
	return c.n
}
