package secondreader

import (
	"errors"
	"fmt"
	"io"
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
		level, d, err := v.page(c.chunk, kindList)
		if err != nil {
			return err
		}
		return v.list(w, level, d, c.size)
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

// list writes what a page of a content list holds, which must be size bytes.
func (v *Vault) list(w io.Writer, level byte, d decoder, size uint64) error {
	left, hole := size, false
	n := d.count(1)
	for range n {
		var err error
		length := d.uv()
		if level > 0 {
			r := ref{kind: kindList, size: d.uv(), id: d.hash()}
			if err := d.spend(&left, length); err != nil {
				return err
			}
			err = v.lowerList(w, level, r, length)
		} else {
			after := hole
			hole = length&1 == 1
			length >>= 1
			r := ref{kind: kindData, size: length}
			if !hole {
				r.id = d.hash()
			}
			if err := d.spend(&left, length); err != nil {
				return err
			}
			switch {
			case hole && after:
				return errors.New("two holes follow each other")
			case hole:
				err = writeZeros(w, length)
			default:
				err = v.copyChunk(w, r)
			}
		}
		if err != nil {
			return err
		}
	}
	if left > 0 || n == 0 {
		d.fail("a content list is empty or %d bytes short", left)
	}
	return d.done()
}

// lowerList writes a page below one of level.
func (v *Vault) lowerList(w io.Writer, level byte, r ref, size uint64) error {
	lower, d, err := v.page(r, kindList)
	if err != nil {
		return err
	}
	if lower != level-1 {
		return fmt.Errorf("a list of level %d below one of level %d", lower, level)
	}
	return v.list(w, lower, d, size)
}

// spend takes the length of an item off what a list has left.
func (d *decoder) spend(left *uint64, length uint64) error {
	if d.err == nil && (length == 0 || length > *left) {
		d.fail("an item of %d bytes in a content list", length)
	}
	*left -= min(length, *left)
	return d.err
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
