package dir

import (
	"context"
	"errors"
	"os"

	"ivyvault/sources"

	"golang.org/x/sys/unix"
)

// levels is how many nested folders the walk keeps open. Deeper trees close
// the outer ones and open them again on the way back.
const levels = 256

// walk is one pass over the roots. Its methods return false when the walk is
// to end.
type walk struct {
	c     *capture
	ctx   context.Context
	yield func(sources.Entry, error) bool

	uid    uint32
	device uint64 // of the root being walked
	stack  []*folder
	path   []byte // of the entry being looked at
	buf    []byte // for the kernel's directory records
	idle   []*listing
	stat   unix.Statx_t
	ask    asker
}

func (w *walk) run() {
	if err := w.ctx.Err(); err != nil {
		w.yield(sources.Entry{}, err)
		return
	}
	w.uid = uint32(os.Geteuid())
	w.buf = make([]byte, 128<<10)
	w.ask.open = w.c.open
	defer w.ask.stop()
	top := w.c.roots
	if top.whole {
		w.path = w.path[:0]
		f := &folder{name: "/", fd: -1, noTime: true}
		var a sources.Attr
		if err := statx(unix.AT_FDCWD, []byte("/\x00"), unix.AT_SYMLINK_NOFOLLOW, &a, &w.stat); err != nil {
			w.yield(sources.Entry{}, err)
			return
		}
		w.device = a.Device
		w.folder(f, &a)
	} else {
		w.above(top)
	}
	for _, f := range w.stack { // ended on the way
		f.drop()
	}
}

// above walks what lies between "/" and the roots. w.path is at r.
func (w *walk) above(r *root) bool {
	parent := &folder{name: "/" + string(w.path), fd: -1}
	at := len(w.path)
	for _, k := range r.kids {
		w.push(at, []byte(k.name))
		if !w.root(parent, k) {
			return false
		}
	}
	w.path = w.path[:at]
	return true
}

// root captures a root, or a directory above one; w.path is its path.
func (w *walk) root(parent *folder, k *root) bool {
	p := string(w.path)
	if reason, skip := w.c.skips.path(p); skip {
		return w.yield(sources.Entry{Path: p}, &sources.Notice{Path: p, What: "left out: " + reason})
	}
	name := k.name
	if !k.whole {
		name += "/." // follows a link, and must be a directory
	}
	it := &item{dir: parent, path: p, name: name}
	err := parent.hold()
	if err == nil {
		err = statx(parent.fd, []byte(name+"\x00"), unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, &it.attr, &w.stat)
		parent.drop()
	}
	if err != nil {
		return w.yield(sources.Entry{Path: p}, &sources.Finding{Path: p, What: "capture it", Err: err})
	}
	w.device = it.attr.Device
	if k.whole {
		return w.entry(it)
	}
	return w.yield(it.entry(), nil) && w.above(k)
}

// push sets w.path to its first at bytes and a name below them.
func (w *walk) push(at int, name []byte) {
	w.path = w.path[:at]
	if at > 0 {
		w.path = append(w.path, '/')
	}
	w.path = append(w.path, name...)
}

// entry yields what has been asked about, and what is below it.
func (w *walk) entry(it *item) bool {
	a := &it.attr
	if reason, skip := w.c.skips.id(a.Device, a.Inode); skip {
		it.ahead.close()
		return w.yield(sources.Entry{Path: it.path}, &sources.Notice{Path: it.path, What: "left out: " + reason})
	}
	other := w.c.src.opt.OneFileSystem && a.Device != w.device
	e := it.entry()
	switch a.Type {
	case sources.Dir:
		if !w.yield(e, nil) {
			return false
		}
		if other {
			return w.yield(sources.Entry{Path: it.path}, &sources.Notice{Path: it.path, What: "captured without its contents: they lie on another file system"})
		}
		return w.folder(&folder{parent: it.dir, name: it.name, fd: -1, noTime: w.noTime(a)}, a)
	case sources.Symlink:
		target, err := it.target()
		if err != nil {
			return w.trouble(it.path, "read the link", err)
		}
		e.Target = target
	case sources.File:
		it.noTime = w.noTime(a)
		if limit := w.c.src.opt.LargerThan; limit > 0 && a.Size > limit {
			it.ahead.close()
			return true
		}
	case 0:
		return w.trouble(it.path, "capture it", errors.New("its type is unknown"))
	}
	if other {
		it.ahead.close()
		return w.yield(sources.Entry{Path: it.path}, &sources.Notice{Path: it.path, What: "left out: it lies on another file system"})
	}
	return w.yield(e, nil)
}

// noTime reports whether this process may leave the access time alone.
func (w *walk) noTime(a *sources.Attr) bool { return w.uid == 0 || w.uid == a.UID }

// trouble yields an error about a path: a notice where the thing is gone.
func (w *walk) trouble(path, what string, err error) bool {
	return w.yield(sources.Entry{Path: path}, trouble(path, what, err))
}

func trouble(path, what string, err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESTALE) {
		return &sources.Notice{Path: path, What: "vanished while it was captured", Err: err}
	}
	return &sources.Finding{Path: path, What: what, Err: err}
}

// folder walks a directory whose path is w.path.
func (w *walk) folder(f *folder, a *sources.Attr) bool {
	if err := f.hold(); err != nil {
		return w.trouble(string(w.path), "open the directory", err)
	}
	f.id = identity{a.Device, a.Inode}
	w.enter(f)
	names := w.listing()
	defer w.done(names)
	err := names.read(f.fd, w.buf)
	if err != nil && !w.trouble(string(w.path), "read the directory", err) {
		return false
	}
	if !w.children(f, names) {
		return false
	}
	return w.leave()
}

// children yields what a folder holds, a batch of names at a time. While one is
// yielded the next is asked about, so that the caller's work and the kernel's go
// on at the same time.
func (w *walk) children(f *folder, names *listing) bool {
	only := w.c.src.onlyTag(f.fd, names)
	path := string(w.path)
	ask := func(from int) answers {
		w.path = append(w.path[:0], path...)
		batch := w.batch(f, names, from, min(from+batchSize, names.len()), only)
		w.c.open.watch(batch)
		return w.ask.all(f, names, batch)
	}
	var next answers
	defer func() { next.wait() }() // also where the walk ends early
	for i := 0; i < names.len(); i += batchSize {
		if err := w.ctx.Err(); err != nil {
			w.yield(sources.Entry{}, err)
			return false
		}
		if i == 0 {
			next = ask(0)
		}
		batch := next.wait()
		if next = (answers{}); i+batchSize < names.len() {
			next = ask(i + batchSize)
		}
		for k := range batch {
			if w.path = append(w.path[:0], batch[k].path...); !w.found(&batch[k]) {
				return false
			}
		}
	}
	w.path = append(w.path[:0], path...)
	return true
}

// batch makes the items of some names, without those that are left out by
// name. w.path is the folder's.
func (w *walk) batch(f *folder, names *listing, from, to int, only string) []item {
	at := len(w.path)
	items := make([]item, 0, to-from)
	for i := from; i < to; i++ {
		name := names.name(i)
		bare := name[:len(name)-1]
		if only != "" && string(bare) != only {
			continue
		}
		w.push(at, bare)
		path := string(w.path)
		if w.c.src.match.Excludes(path) {
			continue
		}
		it := item{dir: f, path: path, name: path[len(path)-len(bare):], place: i}
		if reason, skip := w.c.skips.path(path); skip {
			it.err = &sources.Notice{Path: path, What: "left out: " + reason}
		}
		items = append(items, it)
	}
	w.path = w.path[:at]
	return items
}

// found yields an item whose attributes have been asked for.
func (w *walk) found(it *item) bool {
	switch err := it.err.(type) {
	case nil:
		return w.entry(it)
	case *sources.Notice:
		return w.yield(sources.Entry{Path: it.path}, err)
	default:
		return w.trouble(it.path, "read its attributes", err)
	}
}

func (w *walk) listing() *listing {
	if n := len(w.idle); n > 0 {
		l := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return l
	}
	return new(listing)
}

// done takes a listing back for the next folder.
func (w *walk) done(l *listing) {
	if l.big() {
		l.free()
		return
	}
	w.idle = append(w.idle, l)
}

// enter puts a held folder on the stack and lets go of one far above.
func (w *walk) enter(f *folder) {
	if n := len(w.stack) - levels; n >= 0 {
		w.stack[n].drop()
	}
	w.stack = append(w.stack, f)
}

// leave takes the innermost folder off the stack. Where the one above it was
// let go, it and those above it are opened again, outermost first, so that the
// way from the top is gone once for many levels.
func (w *walk) leave() bool {
	n := len(w.stack) - 1
	w.c.recent.leave(w.stack[n])
	w.stack = w.stack[:n]
	if n == 0 || w.stack[n-1].held {
		return true
	}
	for i := max(0, n-levels); i < n; i++ {
		if err := w.stack[i].hold(); err != nil {
			return w.lost(err)
		}
	}
	return true
}

// lost ends the walk: a directory that the walk is in can't be reached again.
func (w *walk) lost(err error) bool {
	w.yield(sources.Entry{}, &sources.Finding{Path: string(w.path), What: "return to the directory", Err: err})
	return false
}
