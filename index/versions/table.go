package versions

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/y"

	"ivyvault/index/generation"
	"ivyvault/index/rows"
)

// Table is one generation, open for reading. Its methods may be called
// concurrently, except Close.
type Table struct {
	note
	dir   string
	gen   *generation.Generation
	db    *badger.DB
	txn   *badger.Txn // one for all reads: nothing is ever written
	files []file      // in the order of their keys
}

// file is one of Badger's files of keys.
type file struct {
	no          uint64
	left, right []byte // its first and last key
	hash        [32]byte
	verified    atomic.Bool
}

// OpenTable opens the newest generation in dir. An error Is generation.ErrNone
// where there is none; else the generation can't be used. It never waits for
// another process.
func OpenTable(dir string) (_ *Table, err error) {
	t := &Table{dir: dir}
	if t.gen, err = generation.Open(dir); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil { // out of Badger, on damaged files
			err = fmt.Errorf("%v", r)
		}
		if err != nil {
			err = t.damage(err)
			t.Close()
		}
	}()
	if t.note, err = parseNote(t.gen.Note); err != nil {
		return nil, err
	}
	t.gen.Note = nil
	if t.db, err = rows.Open(t.gen.Path); err != nil {
		return nil, err
	}
	t.txn = t.db.NewTransaction(false)
	return t, t.list()
}

// list notes which file holds which keys.
func (t *Table) list() error {
	infos := t.db.Tables()
	t.files = make([]file, len(infos))
	total := uint64(0)
	for i, info := range infos {
		f := &t.files[i]
		f.no, f.left, f.right = info.ID, y.ParseKey(info.Left), y.ParseKey(info.Right)
		total += uint64(info.KeyCount)
		hash, ok := t.note.files[f.no]
		if !ok || i > 0 && string(t.files[i-1].right) >= string(f.left) {
			return errors.New("its files are not those that were written")
		}
		f.hash = hash
	}
	if len(infos) != len(t.note.files) || total != t.rows {
		return errors.New("its files are not all there")
	}
	return nil
}

func (t *Table) damage(err error) error {
	return &generation.DamageError{Path: t.gen.Path, How: "it can't be used as the table of versions", Err: err}
}

// Chains returns the chains by their numbers. They must not be changed.
func (t *Table) Chains() []Chain { return t.chains }

// Superseded reports whether there is a newer generation.
func (t *Table) Superseded() bool {
	n := generation.Newest(t.dir)
	return n != 0 && n != t.gen.Number
}

// Disown gives up the generation on disk after a method told of damage, so that
// nobody opens it again. The Table must still be closed.
func (t *Table) Disown() error { return t.gen.Disown() }

// Close ends the use of the generation. No other method may run or be called
// then, and all Children must be closed.
func (t *Table) Close() error {
	var errs []error
	if t.txn != nil {
		t.txn.Discard()
	}
	if t.db != nil {
		errs = append(errs, t.db.Close())
	}
	return errors.Join(append(errs, t.gen.Close())...)
}
