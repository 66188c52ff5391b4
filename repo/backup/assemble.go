package backup

import (
	"context"
	"errors"
	"strings"
	"sync"

	"ivyvault/repo/tree"
	"ivyvault/sources"
)

// waiting bounds how many entries may wait for an open bundle. It is part of
// what decides where bundles end, so it must not depend on timing.
const waiting = 16 << 10

// event is what the directory writers are told, in order: an entry, or the end
// of a directory (then node is the directory itself, without its tree).
type event struct {
	path    string
	node    tree.Node
	pending tree.Pending
	bundled bool // pending says where the content is
	end     bool
	graft   bool // node is a directory with its tree
}

// assembler puts the items together in order.
type assembler struct {
	x       *run
	ctx     context.Context
	bundler *tree.Bundler
	twins   twins
	jobs    sync.WaitGroup
	slots   chan struct{}

	open   []tree.Node // directories from the root down to the present one
	path   string      // of the present directory, "" for the root
	events []event     // not yet given to the writers
	since  int         // events since the open bundle began

	dirs []*tree.DirWriter // as the writers see it: one for each open directory
	free []*tree.DirWriter
	root subtree
}

// assemble takes the items in order and returns the root directory. Where it
// fails it tells the walk and the readers by fail, before it waits for them.
func (x *run) assemble(ctx context.Context, order <-chan *batch, room *budget, fail func(error)) (subtree, error) {
	a := &assembler{x: x, ctx: ctx, slots: make(chan struct{}, 2)}
	a.bundler = tree.NewBundler(x.put, a.emit)
	a.dirs = append(a.dirs, tree.NewDirWriter(x.put, x.cut))
	a.open = append(a.open, tree.Node{Type: tree.Dir})
	err := a.all(order, room)
	if err == nil {
		err = a.finish()
	}
	if err != nil {
		fail(err)
	}
	// Also after an error every bundle is handed out, since its job settles it.
	a.bundler.Flush()
	a.jobs.Wait()
	if err != nil {
		for b := range order { // let the walk and the readers end
			if b.done != nil {
				<-b.done
			}
			a.release(b, room)
		}
		return subtree{}, err
	}
	return a.root, nil
}

// emit stores a bundle; at most two are stored at once.
func (a *assembler) emit(job func(context.Context)) {
	a.slots <- struct{}{}
	a.jobs.Go(func() {
		defer func() { <-a.slots }()
		job(a.ctx)
	})
}

func (a *assembler) all(order <-chan *batch, room *budget) error {
	for b := range order {
		if b.done != nil {
			select {
			case <-b.done:
			case <-a.ctx.Done():
				return context.Cause(a.ctx) // a reader still has the batch
			}
		}
		for i := range b.items {
			if err := a.take(&b.items[i]); err != nil {
				return err
			}
		}
		a.release(b, room)
		a.x.batches.put(b)
		if err := a.drain(false); err != nil {
			return err
		}
	}
	return context.Cause(a.ctx)
}

// release gives back what a batch holds of the queue.
func (a *assembler) release(b *batch, room *budget) {
	for i := range b.items {
		a.x.small.put(b.items[i].own)
	}
	a.x.small.put(b.text)
	if b.bytes > 0 {
		room.give(b.bytes)
	}
}

// take turns an item into events.
func (a *assembler) take(it *item) error {
	if it.gone {
		return nil
	}
	if it.err != nil {
		if lost := (*sources.LostError)(nil); a.x.part != "" && errors.As(it.err, &lost) {
			return &partError{lost}
		}
		a.x.finding(it.entry.Path, it.err)
		if it.node.Type == tree.File {
			return nil
		}
	}
	a.leave(dirOf(it.entry.Path))
	if !it.graft { // what is in it was counted, with itself
		a.x.seen(it)
	}
	if it.graft {
		a.push(event{path: it.entry.Path, node: it.node, graft: true})
		return nil
	}
	if it.node.Type == tree.Dir {
		a.open = append(a.open, it.node)
		a.path = it.entry.Path
		a.push(event{node: tree.Node{Type: tree.Dir}})
		return nil
	}
	e := event{path: it.entry.Path, node: it.node}
	if len(it.small) > 0 {
		e.pending, e.bundled = a.bundle(it.small), true
	}
	a.push(e)
	return nil
}

// bundle puts a small content into the open bundle, unless one like it was put
// into a bundle a while ago.
func (a *assembler) bundle(content []byte) tree.Pending {
	hash := a.x.r.Keys().ContentHash(content)
	if p, ok := a.twins.find(hash); ok {
		return p
	}
	p := a.bundler.Add(content, hash)
	a.twins.note(hash, p)
	return p
}

// push queues an event. Where many wait for one bundle, it is ended early.
func (a *assembler) push(e event) {
	a.events = append(a.events, e)
	if a.bundler.Buffered() == 0 {
		a.since = 0
		return
	}
	if a.since++; a.since >= waiting {
		a.bundler.Flush()
		a.since = 0
	}
}

// leave ends the open directories that dir does not lie in.
func (a *assembler) leave(dir string) {
	for a.path != "" && dir != a.path && !strings.HasPrefix(dir, a.path+"/") {
		last := len(a.open) - 1
		a.push(event{path: a.path, node: a.open[last], end: true})
		a.open = a.open[:last]
		a.path = dirOf(a.path)
	}
}

// drain gives the writers all events whose contents are stored; with wait it
// waits for them.
func (a *assembler) drain(wait bool) error {
	n := 0
	for ; n < len(a.events); n++ {
		e := &a.events[n]
		if e.bundled {
			if !wait && !e.pending.Settled() {
				break
			}
			c, err := e.pending.Wait(a.ctx)
			if err != nil {
				return err
			}
			e.node.Content = c
		}
		if err := a.write(e); err != nil {
			return err
		}
	}
	if n > 0 {
		rest := copy(a.events, a.events[n:])
		clear(a.events[rest:])
		a.events = a.events[:rest]
	}
	return nil
}

// write tells the directory writers.
func (a *assembler) write(e *event) error {
	top := a.dirs[len(a.dirs)-1]
	switch {
	case e.end:
		e.node.Files, e.node.Bytes = top.Totals() // before Close, which resets them
		ref, err := top.Close(a.ctx)
		if err != nil {
			return err
		}
		e.node.Tree = ref
		a.x.noteTop(e.path, &e.node)
		a.free = append(a.free, top)
		a.dirs = a.dirs[:len(a.dirs)-1]
		return a.dirs[len(a.dirs)-1].Add(a.ctx, &e.node)
	case e.graft:
		return top.Add(a.ctx, &e.node)
	case e.node.Type == tree.Dir:
		var w *tree.DirWriter
		if n := len(a.free); n > 0 {
			w, a.free = a.free[n-1], a.free[:n-1]
			w.Reset()
		} else {
			w = tree.NewDirWriter(a.x.put, a.x.cut)
		}
		a.dirs = append(a.dirs, w)
		return nil
	}
	a.x.recorder.add(e.path, &e.node)
	a.x.usage.add(&e.node)
	a.x.noteTop(e.path, &e.node)
	return top.Add(a.ctx, &e.node)
}

// finish ends all directories and waits for the last bundles.
func (a *assembler) finish() (err error) {
	a.leave("")
	for a.path != "" {
		a.leave("")
	}
	a.bundler.Flush()
	if err := a.drain(true); err != nil {
		return err
	}
	if len(a.dirs) != 1 {
		return errors.New("the source's entries are not in order: a directory was left open")
	}
	a.root.files, a.root.bytes = a.dirs[0].Totals() // before Close, which resets them
	a.root.ref, err = a.dirs[0].Close(a.ctx)
	return err
}

// dirOf is the path of the directory that a path lies in.
func dirOf(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return ""
	}
	return path[:i]
}

// seen counts an entry. Only the assembler calls it.
func (x *run) seen(it *item) {
	n := &it.node
	if n.UID != x.uid || n.GID != x.gid || len(x.uids) == 0 {
		x.uid, x.gid = n.UID, n.GID
		x.uids[n.UID], x.gids[n.GID] = true, true
	}
	switch n.Type {
	case tree.File:
		x.stats.Files++
		x.stats.Bytes += int64(n.Size)
		x.files.Add(1)
		x.bytes.Add(int64(n.Size))
	case tree.Dir:
		x.stats.Dirs++
		x.dirs.Add(1)
	default:
		x.stats.Others++
	}
}
