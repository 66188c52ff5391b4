package secondreader

import (
	"bufio"
	"os"
	"path/filepath"
)

// Restore writes a snapshot's tree below target, which must not exist. It
// returns the paths of what it could not set for lack of rights or of support:
// owners, devices, extended attributes.
//
// Entries' names hold no slash, and no name stands twice in a directory; so in
// a target that begins empty nothing is ever written through a link.
func (v *Vault) Restore(s Snapshot, target string) (left []string, err error) {
	if err := os.Mkdir(target, 0o700); err != nil {
		return nil, err
	}
	r := restorer{v: v, target: target, links: map[[2]uint64]string{}}
	err = v.Walk(s, r.enter, r.leave)
	return r.left, err
}

type restorer struct {
	v      *Vault
	target string
	links  map[[2]uint64]string // device and inode → where its first link is
	left   []string
}

// enter makes one entry; a directory gets its mode and times when it is left.
func (r *restorer) enter(path string, e *Entry) error {
	at := filepath.Join(r.target, path)
	if e.Type == Directory {
		return os.Mkdir(at, 0o700)
	}
	if e.Links > 1 {
		key := [2]uint64{e.Device, e.Inode}
		if first, ok := r.links[key]; ok {
			return os.Link(first, at)
		}
		r.links[key] = at
	}
	var err error
	switch e.Type {
	case File:
		err = r.file(at, e)
	case Symlink:
		err = os.Symlink(string(e.Target), at)
	default:
		if err = makeNode(at, e); os.IsPermission(err) {
			r.left = append(r.left, path)
			return nil
		}
	}
	if err != nil {
		return err
	}
	return r.leave(path, e)
}

func (r *restorer) file(at string, e *Entry) error {
	f, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	if err := r.v.Content(e, w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// leave sets what an entry's content no longer changes. Changing the owner
// clears set-id bits, so the mode comes after it, and the times come last.
func (r *restorer) leave(path string, e *Entry) error {
	at := filepath.Join(r.target, path)
	whole := os.Lchown(at, int(e.UID), int(e.GID)) == nil
	for _, x := range e.Xattrs {
		if setXattr(at, x) != nil {
			whole = false
		}
	}
	if !whole {
		r.left = append(r.left, path)
	}
	if e.Type != Symlink {
		if err := chmod(at, e.Mode); err != nil {
			return err
		}
	}
	return setMtime(at, e.Mtime)
}
