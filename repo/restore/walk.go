package restore

import (
	"context"

	"ivyvault/repo/tree"
)

// A batch is ended at this many entries, or bytes of content.
const (
	batchEntries = 128
	batchBytes   = 512 << 10
)

// walk restores what is in a directory. all says that it is selected itself.
func (x *run) walk(ctx context.Context, f *folder, dir chunkRef, all bool) error {
	if x.opt.Delete && x.mode != verify {
		x.clear(ctx, f, dir, all)
	}
	b := x.newBatch(f)
	for n, err := range x.tree.Entries(ctx, dir) {
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			x.finding(f.path, err) // the rest of the directory is lost, not of the tree
			break
		}
		if err := x.entry(ctx, &b, f, n, all); err != nil {
			return err
		}
	}
	return x.flush(ctx, &b)
}

// entry takes one entry of a folder.
func (x *run) entry(ctx context.Context, b *batch, f *folder, n tree.Node, all bool) error {
	path := tree.Join(f.path, n.Name)
	if x.exclude.Excludes(path) {
		return nil
	}
	mine := all || x.include.Excludes(path)
	if n.Type == tree.Dir {
		if err := x.flush(ctx, b); err != nil {
			return err
		}
		c := f.below(n, mine)
		defer c.release()
		if mine {
			if _, err := c.open(); err != nil && x.mode == write {
				return nil // it is a finding, and all below it is not restored
			}
			if x.mode == dry {
				x.dirs.Add(1)
			}
		}
		return x.walk(ctx, c, n.Tree, mine)
	}
	if !mine {
		return nil
	}
	it := item{node: n}
	if n.Links > 1 && x.mode == write {
		it.link, it.second = x.linked(f, &n)
	}
	if n.Type == tree.File && !it.second && (n.Content.Form == tree.Chunked || n.Content.Form == tree.Listed) {
		if err := x.flush(ctx, b); err != nil {
			return err
		}
		x.current.Store(&path)
		return x.long(ctx, f, it)
	}
	b.add(it)
	if len(b.items) >= batchEntries || b.bytes >= batchBytes {
		return x.flush(ctx, b)
	}
	return nil
}

// item is an entry that is no directory.
type item struct {
	node   tree.Node
	link   *link // of a file with several names
	second bool  // another name of a file that came before
}

// batch is a run of items of one folder.
type batch struct {
	f     *folder
	items []item
	bytes uint64
}

var _ task = (*batch)(nil)

func (x *run) newBatch(f *folder) batch { return batch{f: f} }

func (b *batch) add(it item) {
	b.items = append(b.items, it)
	b.bytes += it.node.Size
}

// flush hands the batch to the workers and begins another.
func (x *run) flush(ctx context.Context, b *batch) error {
	if len(b.items) == 0 {
		return nil
	}
	full := *b
	*b = batch{f: b.f}
	full.f.pending.Add(1)
	return x.send(ctx, &full)
}

// send queues a task; where the run ends meanwhile the task is released.
func (x *run) send(ctx context.Context, t task) error {
	select {
	case x.queue <- t:
		return nil
	case <-ctx.Done():
		t.release(ctx, &worker{run: x})
		return ctx.Err()
	}
}

func (b *batch) release(context.Context, *worker) { b.f.release() }

// do restores the items one after the other.
func (b *batch) do(ctx context.Context, w *worker) {
	at, err := b.f.open()
	if err != nil && w.mode == write {
		for i := range b.items { // the folder is a finding; nobody may wait for what was to be in it
			b.items[i].settle(err)
		}
		return
	}
	var win windows
	for i := range b.items {
		it := &b.items[i]
		path := tree.Join(b.f.path, it.node.Name)
		if i == 0 {
			w.current.Store(&path)
		}
		if ctx.Err() != nil {
			it.settle(ctx.Err())
			continue
		}
		var err error
		switch {
		case w.mode == dry:
			w.look(at, it)
		case it.node.Type == tree.File && w.mode == verify:
			err = w.verifySmall(at, it)
		case w.mode == verify:
		case it.second:
			err = w.linkItem(ctx, at, it)
		case it.node.Type == tree.File:
			err = w.small(ctx, b, at, i, path, &win)
			it.settle(err)
		default:
			err = w.special(b.f, at, it, path)
			it.settle(err)
		}
		if err != nil {
			w.finding(path, err)
		}
		if it.node.Type == tree.File {
			w.seen.Add(1)
			w.seenBytes.Add(int64(it.node.Size))
		}
	}
}
