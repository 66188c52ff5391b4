package secondreader

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// The forms of a file's content.
const (
	formEmpty = iota
	formInline
	formSlice
	formChunk
	formList
)

const maxSlice = 262_144

// content says where the bytes of a file are.
type content struct {
	form   byte
	size   uint64
	inline []byte
	chunk  ref    // slice, chunk, list
	offset uint64 // slice
	sum    hash   // slice: content hash
}

func parseContent(d *decoder, size uint64, refs *pageRefs) content {
	c := content{form: d.u8(), size: size}
	kind := byte(kindData)
	good := true
	switch c.form {
	case formEmpty:
		good, kind = size == 0, 0
	case formInline:
		c.inline = d.bytes()
		good, kind = uint64(len(c.inline)) == size && size > 0, 0
	case formSlice:
		c.chunk, c.offset, c.sum = refs.take(d), d.uv(), d.hash()
		good = size >= 1 && size <= maxSlice && c.offset <= c.chunk.size && size <= c.chunk.size-c.offset
	case formChunk:
		c.chunk = refs.take(d)
		good = c.chunk.size == size
	case formList:
		c.chunk = refs.take(d)
		good = size > 0 && size <= math.MaxInt64
		kind = kindList
	default:
		good = false
	}
	if !good || c.chunk.kind != kind {
		d.fail("a content of form %d that can't be", c.form)
	}
	return c
}

// Content writes the verified bytes of a file, holes as zeros.
func (v *Vault) Content(e *Entry, w io.Writer) error {
	c := e.content
	switch c.form {
	case formInline:
		_, err := w.Write(c.inline)
		return err
	case formSlice:
		p, err := v.chunk(c.chunk)
		if err != nil {
			return err
		}
		p = p[c.offset : c.offset+c.size]
		if keyed(v.names.content, p) != c.sum {
			return errors.New("a slice does not have its content hash")
		}
		_, err = w.Write(p)
		return err
	case formChunk:
		return v.copyChunk(w, c.chunk)
	case formList:
		return v.list(w, c.chunk, maxLevel+1, c.size)
	}
	return nil // empty
}

func (v *Vault) copyChunk(w io.Writer, r ref) error {
	p, err := v.chunk(r)
	if err != nil {
		return err
	}
	_, err = w.Write(p)
	return err
}

// item is what a page of a content list holds: a data chunk, a hole, or a page
// of the level below.
type item struct {
	size uint64 // bytes of the file
	hole bool
	ref  ref
}

// parseList reads the body of a page of a content list and sums it up.
func parseList(level byte, d decoder) (items []item, sum uint64, err error) {
	if len(d.p) > 0 && d.p[0] == 0 {
		return nil, 0, errors.New("a content list is empty")
	}
	for range d.count(1) {
		var i item
		if level == 0 {
			word := d.uv()
			i = item{size: word >> 1, hole: word&1 == 1}
			if !i.hole {
				i.ref = ref{kind: kindData, size: i.size, id: d.hash()}
			}
		} else {
			i = item{size: d.uv(), ref: ref{kind: kindList, size: d.uv(), id: d.hash()}}
		}
		if d.err != nil {
			return nil, 0, d.err
		}
		if i.size == 0 || i.size > math.MaxInt64-sum {
			return nil, 0, errors.New("an item of a content list has an impossible length")
		}
		if i.hole && len(items) > 0 && items[len(items)-1].hole {
			return nil, 0, errors.New("two holes follow each other")
		}
		if !i.hole {
			if err := i.ref.check(); err != nil {
				return nil, 0, err
			}
		}
		sum += i.size
		items = append(items, i)
	}
	return items, sum, d.done()
}

// list writes what a page of a content list stands for, which must be size
// bytes. above is the level of the page above, or maxLevel + 1.
func (v *Vault) list(w io.Writer, r ref, above byte, size uint64) error {
	level, d, err := v.page(r, kindList)
	if err != nil {
		return err
	}
	if above <= maxLevel && level != above-1 {
		return fmt.Errorf("a list of level %d below one of level %d", level, above)
	}
	items, sum, err := parseList(level, d)
	if err != nil {
		return err
	}
	if sum != size {
		return fmt.Errorf("a content list has %d bytes, %d belong there", sum, size)
	}
	for _, i := range items {
		switch {
		case i.hole:
			err = writeZeros(w, i.size)
		case level > 0:
			err = v.list(w, i.ref, level, i.size)
		default:
			err = v.copyChunk(w, i.ref)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeZeros(w io.Writer, n uint64) error {
	zeros := make([]byte, min(n, frameSize))
	for n > 0 {
		k := min(n, uint64(len(zeros)))
		if _, err := w.Write(zeros[:k]); err != nil {
			return err
		}
		n -= k
	}
	return nil
}
