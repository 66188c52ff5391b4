package versions

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// ErrTooLong is what an error Is where a path is too long for the table to
// know all about it.
var ErrTooLong = errors.New("the path is too long for the table of versions")

// Get appends the spans of a path to dst, ordered by chain and position. A path
// that never was has none. Paths are relative, slash separated; that of the
// root, "", has no row.
func (t *Table) Get(path string, dst []Span) (_ []Span, err error) {
	if odd(path) || path == "" {
		return dst, nil
	}
	if len(path) > MaxPath {
		return dst, ErrTooLong
	}
	key := appendKey(nil, path, "")
	more, err := t.get(key, &dst)
	for n := uint32(0); more && err == nil; n++ {
		var here bool
		if here, err = t.get(appendContinuation(key[:len(key):len(key)], n), &dst); err == nil {
			more = here
		}
	}
	return dst, err
}

// get appends the spans of one key.
func (t *Table) get(key []byte, dst *[]Span) (more bool, err error) {
	i := t.at(key)
	if i == len(t.files) || string(key) < string(t.files[i].left) {
		return false, nil
	}
	if err := t.verify(i); err != nil {
		return false, err
	}
	defer func() {
		if p := recover(); p != nil { // out of Badger, on damaged files
			err = t.damage(fmt.Errorf("%v", p))
		}
	}()
	item, err := t.txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, t.damage(err)
	}
	err = item.Value(func(value []byte) error {
		more, err = t.decode(value, dst)
		return err
	})
	return more, err
}

// longestName is the length of the longest name that a snapshot can hold.
const longestName = 4096

// Children are the names that were in a directory, in ascending order. What is
// below them is passed over, however much it is. They must be closed.
type Children struct {
	c      *cursor
	prefix []byte
	room   []byte
	spans  []Span
	begun  bool
	err    error
}

// Children returns the names below the directory path that are greater than
// after; the root is "".
func (t *Table) Children(path, after string) *Children {
	ch := &Children{c: t.cursor()}
	if len(path)+1+longestName > MaxPath {
		ch.err = ErrTooLong
	}
	if odd(path) {
		ch.begun = true // there are none
		return ch
	}
	ch.prefix = append(appendKey(nil, path, ""), 0)
	ch.room = append(append(ch.room, ch.prefix...), after...)
	return ch
}

// Next returns the next name with its spans; ok is false at the end, or with an
// error, see Err. Both slices are valid until the next call.
func (ch *Children) Next() (name []byte, spans []Span, ok bool) {
	if ch.err != nil {
		return nil, nil, false
	}
	switch {
	case !ch.begun:
		ch.begun = true
		// 01 leaves out continuations, and what is below after.
		ok = ch.c.seek(append(ch.room, 1))
	case ch.c.ok:
		// room holds the key of the row that was given out. A chunk of
		// entries below it is gone by at once.
		if ok = ch.c.next(); ok && len(ch.c.key) > len(ch.room) && ch.c.key[len(ch.room)] == 0 && bytes.HasPrefix(ch.c.key, ch.room) {
			ok = ch.c.seek(append(ch.room, 1))
		}
	}
	if !ok || !bytes.HasPrefix(ch.c.key, ch.prefix) {
		ch.c.ok = false
		return nil, nil, false
	}
	ch.room = append(ch.room[:0], ch.c.key...)
	name = ch.room[len(ch.prefix):]
	if len(name) == 0 || bytes.IndexByte(name, 0) >= 0 {
		ch.err = ch.c.t.damage(errRow)
		return nil, nil, false
	}
	if ch.spans, ch.err = ch.c.spans(ch.spans[:0]); ch.err != nil {
		return nil, nil, false
	}
	return name, ch.spans, true
}

// Err returns what ended the names before their end.
func (ch *Children) Err() error {
	if ch.err != nil {
		return ch.err
	}
	return ch.c.err
}

// Close lets go of the table.
func (ch *Children) Close() { ch.c.close() }
