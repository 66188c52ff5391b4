package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"ivyvault/sources/scratch"
)

// contents is what the list of a repository says, as far as it is needed.
type contents struct {
	Snapshots []struct {
		Name string `json:"name"`
		UUID string `json:"uuid"`
	} `json:"snapshots"`
	Indices map[string]struct {
		ID string `json:"id"`
	} `json:"indices"`
}

// folderID is how servers name the folder of an index in a repository.
var folderID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// readContents reads the newest list of a captured repository and makes sure
// that it holds the snapshot and all indices that are wanted.
func (r *restoring) readContents() (*contents, error) {
	p, err := readFile(r.from, path.Join(repositoryName, latestName), 8)
	if err != nil {
		return nil, err
	}
	n, err := generation(p)
	if err != nil {
		return nil, err
	}
	name := path.Join(repositoryName, listPrefix+strconv.FormatInt(n, 10))
	if p, err = readFile(r.from, name, longestList); err != nil {
		return nil, err
	}
	var c contents
	if err := json.Unmarshal(p, &c); err != nil {
		return nil, fmt.Errorf("%s is not understood: %w", name, err)
	}
	found := false
	for _, s := range c.Snapshots {
		found = found || s.Name == r.rec.Snapshot.Name && s.UUID == r.rec.Snapshot.UUID
	}
	if !found {
		return nil, fmt.Errorf("%s does not name the snapshot %s", name, r.rec.Snapshot.Name)
	}
	for _, x := range r.chosen {
		if !folderID.MatchString(c.Indices[x.Name].ID) {
			return nil, fmt.Errorf("%s does not name the index %s", name, x.Name)
		}
	}
	return &c, nil
}

// needed lists the files of the captured repository that the chosen indices
// need, and what they take in bytes.
func (r *restoring) needed(c *contents) (names []string, size int64, err error) {
	folders := map[string]bool{}
	for _, x := range r.chosen {
		folders[c.Indices[x.Name].ID] = true
	}
	err = fs.WalkDir(r.from, repositoryName, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(name, repositoryName), "/")
		parts := strings.Split(rel, "/")
		if d.IsDir() {
			if len(parts) == 2 && !folders[parts[1]] {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is no file", name)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		names = append(names, rel)
		size += info.Size()
		return nil
	})
	return names, size, err
}

// placed is a copy of a captured repository in a folder that the server reads.
type placed struct {
	dir    *scratch.Dir
	server string // its path as the server names it
}

// place copies the repository to where the server can read it. The copy belongs
// to whom the folder above belongs to, which is the server's user where that
// was done right.
func (r *restoring) place(ctx context.Context, at *RestoreConfig, c *contents) (*placed, error) {
	if at.Location == "" || at.Local == "" {
		return nil, errors.New("this capture is a snapshot, which the server reads from a folder: name one that lies in its path.repo in restore: location, and in restore: local how this machine names it")
	}
	names, size, err := r.needed(c)
	if err != nil {
		return nil, err
	}
	if err := r.room(ctx, size); err != nil {
		return nil, err
	}
	dir, err := scratch.New(at.Local, size)
	if err != nil {
		return nil, err
	}
	r.opt.Say("copying %d files, %d MiB, to %s", len(names), size>>20, dir.Path())
	o, err := ownerOf(at.Local)
	if err == nil {
		err = o.give(dir.Path(), true)
	}
	for _, n := range names {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = r.copy(n, dir.Path(), o)
		}
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return &placed{dir, path.Join(at.Location, filepath.Base(dir.Path()))}, nil
}

func (r *restoring) copy(name, to string, o owner) error {
	in, err := r.from.Open(path.Join(repositoryName, name))
	if err != nil {
		return err
	}
	defer in.Close()
	dirs := strings.Split(path.Dir(name), "/")
	for i := range dirs {
		d := filepath.Join(to, filepath.Join(dirs[:i+1]...))
		err := os.Mkdir(d, 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = o.give(d, true)
		}
		if err != nil {
			return err
		}
	}
	file := filepath.Join(to, filepath.FromSlash(name))
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err == nil {
		err = o.give(file, false)
	}
	return errors.Join(err, out.Close())
}

// owner is whom the files of a folder are given to, so that the server can read
// them and others can't.
type owner struct {
	uid, gid int
	same     bool // it is who runs this
}

func ownerOf(dir string) (owner, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return owner{}, err
	}
	o := owner{uid: os.Getuid(), gid: os.Getgid(), same: true}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		o = owner{int(s.Uid), int(s.Gid), int(s.Uid) == os.Getuid()}
	}
	return o, nil
}

// give hands a file over. Who is not root can't, so the server reads what all
// can read, in a folder that is only there for the time of the restore.
func (o owner) give(name string, dir bool) error {
	if o.same {
		return nil
	}
	if os.Getuid() == 0 {
		return os.Lchown(name, o.uid, o.gid)
	}
	if dir {
		return os.Chmod(name, 0o755)
	}
	return os.Chmod(name, 0o644)
}
