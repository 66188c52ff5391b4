package index

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/sys/unix"

	"ivyvault/chunk"
	"ivyvault/index/generation"
	"ivyvault/index/rows"
)

// base is a generation open for reading. It is never changed, so its methods
// may be called concurrently.
type base struct {
	note
	gen     *generation.Generation
	db      *badger.DB
	txn     *badger.Txn // one for all reads: nothing is ever written
	records []byte      // the file of listings, mapped
	damage  atomic.Pointer[error]
}

func openBase(dir string) (_ *base, err error) {
	b := new(base)
	if b.gen, err = generation.Open(dir); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil { // out of Badger, on damaged files
			err = fmt.Errorf("%v", r)
		}
		if err != nil {
			err = &generation.DamageError{Path: b.gen.Path, How: "its tables cannot be opened", Err: err}
			b.close()
		}
	}()
	if b.note, err = parseNote(b.gen.Note); err != nil {
		return nil, err
	}
	b.gen.Note = nil
	if b.records, err = mapFile(filepath.Join(b.gen.Path, listingsName)); err != nil {
		return nil, err
	}
	if len(b.records) != int(b.listings)*recordSize {
		return nil, errors.New("its file of listings has the wrong size")
	}
	if b.db, err = rows.Open(b.gen.Path); err != nil {
		return nil, err
	}
	b.txn = b.db.NewTransaction(false)
	return b, nil
}

func mapFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return nil, err
	}
	return unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
}

func (b *base) close() error {
	var errs []error
	if b.txn != nil {
		b.txn.Discard()
	}
	if b.db != nil {
		errs = append(errs, b.db.Close())
	}
	if b.records != nil {
		errs = append(errs, unix.Munmap(b.records))
	}
	errs = append(errs, b.gen.Close())
	return errors.Join(errs...)
}

// report keeps the first sign of damage.
func (b *base) report(err error) {
	err = &generation.DamageError{Path: b.gen.Path, How: "it is damaged", Err: err}
	b.damage.CompareAndSwap(nil, &err)
}

// row appends the chunk's value to dst: its locations, undecoded. It returns
// dst as it was where the chunk is not there.
func (b *base) row(id *chunk.ID, kind chunk.Kind, dst []byte) (v []byte) {
	defer func() {
		if r := recover(); r != nil { // out of Badger, on a damaged block
			b.report(fmt.Errorf("%v", r))
			v = dst
		}
	}()
	var key [keySize]byte
	putKey(&key, id, kind)
	item, err := b.txn.Get(key[:])
	if errors.Is(err, badger.ErrKeyNotFound) {
		return dst
	}
	if err == nil {
		err = item.Value(func(val []byte) error {
			dst = append(dst, val...)
			return nil
		})
	}
	if err != nil {
		b.report(err)
	}
	return dst
}

// listing returns a listing by its number, verified.
func (b *base) listing(no uint32) (l listing, ok bool) {
	if no < b.listings {
		l, ok = parseListing(b.records[int(no)*recordSize:][:recordSize])
		ok = ok && int(l.file) < len(b.sources)
	}
	if !ok {
		b.report(fmt.Errorf("listing %d cannot be read", no))
	}
	return l, ok
}

// baseListings returns how many numbers the base's listings take.
func (t *Table) baseListings() uint32 {
	if t.base == nil {
		return 0
	}
	return t.base.listings
}

func (t *Table) findBase(id *chunk.ID, kind chunk.Kind, accept func(Signer) bool) (Location, bool) {
	if t.base == nil {
		return Location{}, false
	}
	var room [64]byte
	e := entry{id: *id, place: uint32(kind) << 24}
	for v := t.base.row(id, kind, room[:0]); len(v) > 0; {
		if v = takePlace(v, &e); v == nil {
			t.base.report(errRow)
			break
		}
		l, ok := t.base.listing(e.listing)
		if !ok {
			continue
		}
		if s := &t.sources[l.file]; !s.dead && (accept == nil || accept(s.signer)) {
			return locate(&e, &l, s), true
		}
	}
	return Location{}, false
}

func (t *Table) allBase(id *chunk.ID, kind chunk.Kind, dst []Location) []Location {
	if t.base == nil {
		return dst
	}
	return t.places(id, kind, t.base.row(id, kind, nil), dst)
}

// places appends the live locations that the row v of the base holds.
func (t *Table) places(id *chunk.ID, kind chunk.Kind, v []byte, dst []Location) []Location {
	e := entry{id: *id, place: uint32(kind) << 24}
	for len(v) > 0 {
		if v = takePlace(v, &e); v == nil {
			t.base.report(errRow)
			break
		}
		if l, ok := t.base.listing(e.listing); ok {
			if s := &t.sources[l.file]; !s.dead {
				dst = append(dst, locate(&e, &l, s))
			}
		}
	}
	return dst
}
