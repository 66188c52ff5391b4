package restore

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"ivyvault/repo/tree"
)

// linkID names a file that has several names.
type linkID struct{ device, inode uint64 }

// link is such a file on its way: the first of its names is restored as a
// file, the others as links to it. ready is closed when the first name is
// there, or failed. Tasks are taken in the order of the walk, so who waits for
// it waits for something that is under way.
type link struct {
	dir, name string // below the target
	ready     chan struct{}
	err       error
	left      uint64 // names not yet met
}

// linked returns the file that n is a name of, and whether it is not the first.
func (x *run) linked(f *folder, n *tree.Node) (l *link, second bool) {
	id := linkID{n.Device, n.Inode}
	l, second = x.links[id]
	if !second {
		l = &link{dir: f.sub, name: n.Name, ready: make(chan struct{}), left: n.Links}
		x.links[id] = l
	}
	if l.left--; l.left == 0 {
		delete(x.links, id)
	}
	return l, second
}

// settle tells those who wait how it went with the first name. Called for
// another name, or for a file that has one only, it does nothing.
func (it *item) settle(err error) {
	if it.link != nil && !it.second {
		it.link.err = err
		close(it.link.ready)
	}
}

// linkItem makes a further name of a file.
func (w *worker) linkItem(ctx context.Context, at int, it *item) error {
	l, n := it.link, &it.node
	select {
	case <-l.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.err != nil {
		return errors.New("the file's first name could not be restored")
	}
	from, err := w.openBeneath(l.dir)
	if err != nil {
		return trouble("open the directory of its first name", err)
	}
	defer unix.Close(from)
	err = unix.Linkat(from, l.name, at, n.Name, 0)
	if err == unix.EEXIST {
		var have, want unix.Stat_t
		if err := unix.Fstatat(at, n.Name, &have, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return trouble("look at what is there", err)
		}
		if err := unix.Fstatat(from, l.name, &want, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return trouble("look at its first name", err)
		}
		if have.Ino == want.Ino && have.Dev == want.Dev {
			w.unchanged.Add(1)
			return nil
		}
		if w.rule(n, &have) == leave {
			w.skipped.Add(1)
			return nil
		}
		if err := w.remove(at, n.Name); err != nil {
			return err
		}
		err = unix.Linkat(from, l.name, at, n.Name, 0)
	}
	if err != nil {
		return trouble("link it", err)
	}
	if n.Type == tree.File {
		w.files.Add(1)
	} else {
		w.others.Add(1)
	}
	return nil
}

// openBeneath opens a directory below the target, passing through no link.
func (x *run) openBeneath(sub string) (int, error) {
	if sub == "" {
		sub = "."
	}
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
	for range 16 {
		fd, err := unix.Openat2(x.top.fd, sub, &how)
		if err == unix.EAGAIN || err == unix.EINTR {
			continue // something in the path was moved meanwhile
		}
		return fd, err
	}
	return -1, fmt.Errorf("the target is being changed by somebody else: %w", unix.EAGAIN)
}
