package secondreader

import (
	"bytes"
	"errors"
	"fmt"
	"math"
)

const maxLevel = 8

// totals counts what a directory holds in all below it.
type totals struct{ files, bytes uint64 }

// below is a reference of a page to a page of the level below.
type below struct {
	first   []byte // name of the first entry below
	entries uint64 // of the directory, below
	page    ref
}

// page reads a page chunk and takes off what pages and lists begin with.
func (v *Vault) page(r ref, kind byte) (level byte, d decoder, err error) {
	if r.kind != kind {
		return 0, d, fmt.Errorf("a chunk of kind %d where one of kind %d belongs", r.kind, kind)
	}
	plain, err := v.chunk(r)
	if err != nil {
		return 0, d, err
	}
	d = decoder{p: plain}
	level = d.u8()
	if level > maxLevel || d.u8() != 0 {
		d.fail("the head of a page is wrong")
	}
	return level, d, d.err
}

// directory calls fn for the entries of a directory, sorted by name.
func (v *Vault) directory(top ref, fn func(*Entry) error) error {
	level, d, err := v.page(top, kindPage)
	if err != nil {
		return err
	}
	w := dirWalk{v: v, fn: fn}
	if emptyPage(level, d) {
		return nil
	}
	_, err = w.page(level, d, nil)
	return err
}

// emptyPage reports whether a page is that of an empty directory: no entries,
// bases of zero, no references.
func emptyPage(level byte, d decoder) bool {
	return level == 0 && bytes.Equal(d.p, make([]byte, 4))
}

// dirWalk goes through the pages of one directory.
type dirWalk struct {
	v    *Vault
	fn   func(*Entry) error
	last []byte // name of the last entry of the page before
}

// page goes through one page and returns the number of entries below. first,
// where it isn't nil, is what the page above says is the first name.
func (w *dirWalk) page(level byte, d decoder, first []byte) (entries uint64, err error) {
	if level == 0 {
		list, err := parseEntries(d)
		if err != nil {
			return 0, err
		}
		if first != nil && !bytes.Equal(list[0].Name, first) {
			return 0, errors.New("a page does not begin with the name that the page above says")
		}
		if bytes.Compare(w.last, list[0].Name) >= 0 {
			return 0, errors.New("the pages of a directory are not sorted")
		}
		w.last = list[len(list)-1].Name
		for _, e := range list {
			if err := w.fn(e); err != nil {
				return 0, err
			}
		}
		return uint64(len(list)), nil
	}
	refs, err := parseTable(d)
	if err != nil {
		return 0, err
	}
	if first != nil && !bytes.Equal(refs[0].first, first) {
		return 0, errors.New("a page does not begin with the name that the page above says")
	}
	for _, b := range refs {
		lower, d, err := w.v.page(b.page, kindPage)
		if err != nil {
			return 0, err
		}
		if lower != level-1 {
			return 0, fmt.Errorf("a page of level %d below one of level %d", lower, level)
		}
		n, err := w.page(lower, d, b.first)
		if err != nil {
			return 0, err
		}
		if n != b.entries {
			return 0, fmt.Errorf("%d entries below, where the page above says %d", n, b.entries)
		}
		entries += n
	}
	return entries, nil
}

// parseTable reads the body of a page of level 1 or above.
func parseTable(d decoder) ([]below, error) {
	n := d.count(1 + 1 + 1 + 32)
	if d.err == nil && n == 0 {
		return nil, errors.New("an empty page")
	}
	refs := make([]below, 0, n)
	var last []byte
	var sum uint64
	for range n {
		b := below{first: d.bytes(), entries: d.uv(), page: ref{kind: kindPage, size: d.uv(), id: d.hash()}}
		if d.err != nil {
			return nil, d.err
		}
		if err := b.page.check(); err != nil {
			return nil, err
		}
		if !goodName(b.first) || bytes.Compare(last, b.first) >= 0 {
			return nil, errors.New("names that no entries have, or not sorted")
		}
		if b.entries == 0 || b.entries > math.MaxUint64-sum {
			return nil, errors.New("a number of entries that can't be")
		}
		last = b.first
		sum += b.entries
		refs = append(refs, b)
	}
	return refs, d.done()
}
