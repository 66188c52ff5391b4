package backup

import (
	"context"
	"errors"
	"fmt"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/tree"
	"ivyvault/sources"
)

// parent is the snapshot that a run compares with, as a stream in the order of
// sources.Compare.
type parent struct {
	id   *repo.Name
	root repo.Root
	size int64                                         // bytes of its files, 0 where that isn't known
	next func() (path string, n *tree.Node, err error) // path "" at the end
	stop func()

	apart func() bool // whether the small files around node lie in too many bundles; nil: not known

	path string // the stream's present entry
	node *tree.Node
	over bool
	err  error
}

// noParent has nothing.
func noParent() *parent { return &parent{over: true, stop: func() {}} }

// find returns the parent's node at path, or nil. Paths must be asked for in
// ascending order; the node is valid until the next call. A parent that can't
// be read on counts as ended: comparing is only a saving.
func (p *parent) find(path string) *tree.Node {
	for !p.over {
		if p.node != nil {
			c := sources.Compare(p.path, path)
			if c == 0 {
				return p.node
			}
			if c > 0 {
				return nil
			}
		}
		p.path, p.node, p.err = p.next()
		p.over = p.err != nil || p.path == ""
	}
	return nil
}

// scattered reports whether the node that find returned is a small file that
// should be read again, to be put together with its neighbours.
func (p *parent) scattered(n *tree.Node) bool {
	return p.apart != nil && n.Content.Form == tree.Slice && p.apart()
}

// findParent chooses the parent and opens its stream.
func findParent(ctx context.Context, r *repo.Repo, opt Options, obs Observer) (*parent, error) {
	if opt.Parent == "none" {
		return noParent(), nil
	}
	if needsStates(r) {
		p, _ := openStates(r, opt, obs)
		return p, nil
	}
	list, lost, err := r.ReadableSnapshots(ctx)
	if err != nil {
		return nil, err
	}
	if lost != nil { // the parent saves work, nothing more
		obs.Notice("", lost.Error())
	}
	set := repo.SetID(opt.Host, opt.Paths)
	// What another host's backup key signed is no parent: whoever stole it could
	// have this host take over contents that it never had.
	same := func(s repo.Snapshot) bool { return repo.SetID(s.Host, s.Paths) == set && r.Trusts(s.Signer) }
	what := opt.Parent
	if what == "" {
		what = "latest"
	} else {
		same = nil
	}
	snap, err := repo.FindSnapshot(list, what, same)
	var none *repo.NotFoundError
	if errors.As(err, &none) && opt.Parent == "" {
		return noParent(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("parent: %w", err)
	}
	if !r.Trusts(snap.Signer) {
		return nil, fmt.Errorf("parent: snapshot %s was written by another key of the role backup, whose word is not taken: leave --parent out", snap.ID.Short())
	}
	return walkParent(ctx, r, snap), nil
}

// walkParent streams a snapshot's tree out of the repository, page by page.
func walkParent(ctx context.Context, r *repo.Repo, snap repo.Snapshot) *parent {
	rd := tree.NewReader(r, r.Keys().ContentHash, 0)
	w := &walker{ctx: ctx, r: rd, todo: []level{{dir: snap.Root.Ref()}}}
	p := &parent{
		id: &snap.ID, root: snap.Root, next: w.next, stop: func() {},
		apart: func() bool { return w.apart },
	}
	if snap.Stats != nil {
		p.size = snap.Stats.Bytes
	}
	return p
}

// walker walks a tree depth first, a directory before what is in it, holding
// one page a level.
type walker struct {
	ctx   context.Context
	r     *tree.Reader
	todo  []level
	node  tree.Node
	down  chunk.Ref // directory that was yielded last: next is what is in it
	name  string
	apart bool // the entry yielded last lies on a page whose small files are scattered
}

type level struct {
	dir    chunk.Ref
	prefix string // path of the directory with a slash, "" for the root
	pos    uint64 // of the next entry
	page   *tree.Page
	first  uint64 // position of the page's first entry
	size   uint64
	opened bool
	apart  bool // the page's small files are scattered
}

func (w *walker) next() (string, *tree.Node, error) {
	if w.down != (chunk.Ref{}) {
		w.todo = append(w.todo, level{dir: w.down, prefix: w.name + "/"})
		w.down = chunk.Ref{}
	}
	for len(w.todo) > 0 {
		l := &w.todo[len(w.todo)-1]
		if !l.opened {
			n, err := w.r.Len(w.ctx, l.dir)
			if err != nil {
				return "", nil, err
			}
			l.size, l.opened = n, true
		}
		if l.pos >= l.size {
			w.todo = w.todo[:len(w.todo)-1]
			continue
		}
		if l.page == nil || l.pos >= l.first+uint64(l.page.Len()) {
			page, first, err := w.r.Page(w.ctx, l.dir, l.pos)
			if err != nil {
				return "", nil, err
			}
			l.page, l.first, l.apart = page, first, isScattered(page, &w.node)
		}
		l.page.Decode(int(l.pos-l.first), &w.node)
		w.apart = l.apart
		l.pos++
		w.name = l.prefix + w.node.Name
		if w.node.Type == tree.Dir {
			w.down = w.node.Tree
		}
		return w.name, &w.node, nil
	}
	return "", nil, nil
}
