package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"ivyvault/repo/store"
)

// Create makes dir an empty repository's directory; who calls it then puts the
// config object, which makes it a repository. It takes a missing directory, an
// empty one, and one where an earlier Create got no config. Where a config is
// there the error Is fs.ErrExist; anything else in the directory is refused.
func Create(ctx context.Context, dir string) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := newStore(dir)
	if err != nil {
		return nil, err
	}
	if err := s.create(); err != nil {
		var known *store.Error
		if !errors.As(err, &known) && !errors.Is(err, fs.ErrExist) && !errors.Is(err, errForeign) {
			err = s.explain("put", store.Name{Type: store.Config}, err)
		}
		return nil, fmt.Errorf("creating a repository: %w", err)
	}
	return s, nil
}

var errForeign = errors.New("holds files that are not a repository's; choose an empty or a new directory")

func (s *Store) create() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	ours := append(families(), "lost+found") // the latter stands in a disk's root
	for _, e := range entries {
		if e.Name() == "config" {
			return &fs.PathError{Op: "create", Path: s.dir, Err: errRepositoryThere}
		}
		if !e.IsDir() || !slices.Contains(ours, e.Name()) {
			return fmt.Errorf("%s %w", s.dir, errForeign)
		}
	}
	if err := s.makeRoot(s.dir); err != nil {
		return err
	}
	for _, d := range families() {
		if err := os.Mkdir(filepath.Join(s.dir, d), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return s.syncDir(s.dir)
}

// makeRoot makes the directory and those above that are missing, durably.
func (s *Store) makeRoot(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		if err := s.makeRoot(filepath.Dir(dir)); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	if err != nil {
		return err
	}
	return s.syncDir(filepath.Dir(dir))
}

var errRepositoryThere = existError("a repository is there already; open it, or choose another directory")

type existError string

func (e existError) Error() string        { return string(e) }
func (e existError) Is(target error) bool { return target == fs.ErrExist }

// Open opens the repository's directory dir. Where no config object is there
// the error Is store.ErrNoRepository.
func Open(ctx context.Context, dir string) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := newStore(dir)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(s.dir + "/config")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s has no config file; check the path and that its disk is mounted, or make a repository with init", store.ErrNoRepository, s.dir)
	case err != nil:
		return nil, s.explain("get", store.Name{Type: store.Config}, err)
	}
	s.configured.Store(true)
	return s, nil
}
