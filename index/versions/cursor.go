package versions

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

var errRow = errors.New("a row can't be decoded")

// cursor goes over the keys of a table in order. It must be closed.
type cursor struct {
	t          *Table
	it         *badger.Iterator
	file       int // that it stands in
	key, value []byte
	ok         bool // it stands at a row
	err        error
}

func (t *Table) cursor() *cursor { return &cursor{t: t} }

// seek goes to the first key that is not less than key.
func (c *cursor) seek(key []byte) bool {
	if c.err != nil {
		return false
	}
	c.file = c.t.at(key)
	return c.move(func() {
		if c.it == nil {
			c.it = c.t.txn.NewIterator(badger.IteratorOptions{})
		}
		c.it.Seek(key)
	})
}

// next goes to the next key.
func (c *cursor) next() bool {
	if !c.ok {
		return false
	}
	if string(c.key) == string(c.t.files[c.file].right) {
		c.file++
	}
	return c.move(func() { c.it.Next() })
}

// move lets step go to a key that must be in c.file, which is verified first.
func (c *cursor) move(step func()) (ok bool) {
	c.ok = false
	if c.file == len(c.t.files) {
		return false
	}
	defer func() {
		if p := recover(); p != nil { // out of Badger, on damaged files
			c.err = c.t.damage(fmt.Errorf("%v", p))
			ok = false
		}
	}()
	if c.err = c.t.verify(c.file); c.err != nil {
		return false
	}
	step()
	f := &c.t.files[c.file]
	if !c.it.Valid() {
		c.err = c.t.damage(errors.New("rows are missing"))
		return false
	}
	item := c.it.Item()
	c.key = append(c.key[:0], item.Key()...)
	if string(c.key) < string(f.left) || string(c.key) > string(f.right) {
		c.err = c.t.damage(errors.New("rows are missing"))
		return false
	}
	var err error
	if c.value, err = item.ValueCopy(c.value[:0]); err != nil {
		c.err = c.t.damage(err)
		return false
	}
	c.ok = true
	return true
}

// spans appends the spans of the row where c stands, its continuations
// included, of which the last is where c stands then.
func (c *cursor) spans(dst []Span) ([]Span, error) {
	var want []byte
	for n := uint32(0); ; n++ {
		more, err := c.t.decode(c.value, &dst)
		if err != nil || !more {
			return dst, err
		}
		if n == 0 {
			want = append(want, c.key...)
		}
		want = appendContinuation(want[:len(want):len(want)], n)
		if !c.next() || string(c.key) != string(want) {
			if c.err == nil {
				c.err = c.t.damage(errRow)
			}
			return dst, c.err
		}
		want = want[:len(want)-6]
	}
}

// decode appends what one value holds, and checks it against the chains.
func (t *Table) decode(value []byte, dst *[]Span) (more bool, err error) {
	if len(value) == 0 || value[0] > 1 {
		return false, t.damage(errRow)
	}
	var s Span
	for b := value[1:]; len(b) > 0; {
		if b = takeSpan(b, &s); b == nil || int(s.Chain) >= len(t.chains) {
			return false, t.damage(errRow)
		}
		if n := uint32(len(t.chains[s.Chain].Snapshots)); s.From >= n || s.To != Open && s.To >= n {
			return false, t.damage(errRow)
		}
		*dst = append(*dst, s)
	}
	return value[0] == 1, nil
}

func (c *cursor) close() {
	if c.it != nil {
		c.it.Close()
		c.it = nil
	}
}
