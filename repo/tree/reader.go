package tree

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"ivyvault/chunk"
)

// Reader reads directories and contents. It may be used concurrently.
//
// Pages are checked against the table that leads to them: their level must be
// one less, first name and number of entries must be those announced.
type Reader struct {
	get   chunk.Getter
	hash  func([]byte) chunk.ID
	cache pages
}

// NewReader returns a Reader over get. hash is the keyed content hash of the
// repository. Decoded pages of up to cacheBytes in all are kept for the next
// look-up.
func NewReader(get chunk.Getter, hash func([]byte) chunk.ID, cacheBytes int) *Reader {
	return &Reader{get: get, hash: hash, cache: pages{limit: cacheBytes}}
}

func damaged(ref chunk.Ref, how string, err error) error {
	return &chunk.DamageError{What: ref.String(), How: how, Err: err}
}

// Load returns one page of a directory, from the cache or decoded.
func (r *Reader) Load(ctx context.Context, ref chunk.Ref) (*Page, error) {
	if p, ok := r.cache.get(ref).(*Page); ok {
		return p, nil
	}
	if ref.Kind != chunk.Page {
		return nil, damaged(ref, "it stands where a directory page is expected", nil)
	}
	b, err := r.get.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	p, err := ParsePage(b)
	if err != nil {
		return nil, damaged(ref, "it can't be decoded", err)
	}
	r.cache.add(ref, p)
	return p, nil
}

// child returns the page below row i of p.
func (r *Reader) child(ctx context.Context, p *Page, i int) (*Page, error) {
	ref, count := p.Child(i)
	c, err := r.Load(ctx, ref)
	if err != nil {
		return nil, err
	}
	switch {
	case c.level != p.level-1:
		return nil, damaged(ref, fmt.Sprintf("a page of level %d below one of level %d", c.level, p.level), nil)
	case c.Count() != count:
		return nil, damaged(ref, "it has not as many entries as were announced", nil)
	case string(c.Name(0)) != string(p.Name(i)):
		return nil, damaged(ref, "its first name is not the one announced", nil)
	case i+1 < p.Len() && string(c.Name(c.Len()-1)) >= string(p.Name(i+1)):
		return nil, damaged(ref, "it has names of the page after it", nil)
	}
	return c, nil
}

// Lookup returns the entry of the directory that has the name. Where there is
// none, the error is a *fs.PathError that Is fs.ErrNotExist.
func (r *Reader) Lookup(ctx context.Context, dir chunk.Ref, name string) (Node, error) {
	p, err := r.Load(ctx, dir)
	for err == nil {
		if p.level == 0 {
			if i, ok := p.FindString(name); ok {
				return p.Node(i), nil
			}
			return Node{}, notExist(name)
		}
		i := p.below(name)
		if i < 0 {
			return Node{}, notExist(name)
		}
		p, err = r.child(ctx, p, i)
	}
	return Node{}, err
}

func notExist(name string) error {
	return &fs.PathError{Op: "lookup", Path: name, Err: fs.ErrNotExist}
}

// Len returns how many entries the directory has.
func (r *Reader) Len(ctx context.Context, dir chunk.Ref) (uint64, error) {
	p, err := r.Load(ctx, dir)
	if err != nil {
		return 0, err
	}
	return p.Count(), nil
}

// Page returns the leaf page that holds the entry at position pos, counted
// from 0, and the position of that page's first entry. At or beyond the end
// the page is nil and first is the directory's length.
func (r *Reader) Page(ctx context.Context, dir chunk.Ref, pos uint64) (page *Page, first uint64, err error) {
	p, err := r.Load(ctx, dir)
	if err != nil {
		return nil, 0, err
	}
	if pos >= p.Count() {
		return nil, p.Count(), nil
	}
	for p.level > 0 {
		i := p.rowAt(pos - first)
		first += p.sums[i]
		if p, err = r.child(ctx, p, i); err != nil {
			return nil, 0, err
		}
	}
	return p, first, nil
}

// Seek returns the position of the first entry whose name is not less than
// name, and the leaf page where it would stand: page.FindString(name) is its
// place there, page.Len() where the entry is the first of the next page.
func (r *Reader) Seek(ctx context.Context, dir chunk.Ref, name string) (pos uint64, page *Page, err error) {
	p, err := r.Load(ctx, dir)
	if err != nil {
		return 0, nil, err
	}
	for p.level > 0 {
		i := max(p.below(name), 0)
		pos += p.sums[i]
		if p, err = r.child(ctx, p, i); err != nil {
			return 0, nil, err
		}
	}
	i, _ := p.FindString(name)
	return pos + uint64(i), p, nil
}

// Resolve returns the entry at a slash-separated path below the root
// directory. Symbolic links are not followed; empty parts and "." are skipped;
// ".." is no name. An empty path gives a bare directory node.
func (r *Reader) Resolve(ctx context.Context, root chunk.Ref, path string) (Node, error) {
	n := Node{Type: Dir, Mode: 0o755, Links: 1, Tree: root}
	for rest := path; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		if name == "" || name == "." {
			continue
		}
		if n.Type != Dir {
			return Node{}, &fs.PathError{Op: "lookup", Path: path, Err: fs.ErrNotExist}
		}
		var err error
		if n, err = r.Lookup(ctx, n.Tree, name); err != nil {
			if pe, ok := err.(*fs.PathError); ok {
				pe.Path = path
			}
			return Node{}, err
		}
	}
	return n, nil
}
