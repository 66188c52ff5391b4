package index

import (
	"context"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"ivyvault/chunk"
)

// row is one row of a base, valid until the next.
type row struct {
	id    chunk.ID
	kind  chunk.Kind
	value []byte
}

// rows yields all rows of the base in order. A nil base has none. The last
// thing yielded is an error where the base is damaged or ctx has ended.
func (b *base) rows(ctx context.Context) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		if b == nil {
			return
		}
		var (
			it   *badger.Iterator
			r    row
			seen uint64
		)
		defer func() {
			if it != nil {
				it.Close()
			}
		}()
		take := func(val []byte) error {
			r.value = append(r.value[:0], val...)
			return nil
		}
		// step goes to the next row; recovering belongs here and not around
		// yield, whose panics are the caller's.
		step := func() (ok bool) {
			defer func() {
				if p := recover(); p != nil { // out of Badger, on a damaged block
					b.report(fmt.Errorf("%v", p))
					ok = false
				}
			}()
			if it == nil {
				it = b.txn.NewIterator(badger.IteratorOptions{Prefix: []byte{keyPrefix}})
				it.Rewind()
			} else {
				it.Next()
			}
			if !it.Valid() {
				return false
			}
			item := it.Item()
			if r.id, r.kind, ok = parseKey(item.Key()); !ok {
				b.report(errRow)
				return false
			}
			if err := item.Value(take); err != nil {
				b.report(err)
				return false
			}
			return true
		}
		for step() {
			if seen%1024 == 0 && ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			seen++
			if !yield(&r, nil) {
				return
			}
		}
		// A block that fails its checksum ends Badger's iterator silently.
		if seen != b.keys {
			b.report(fmt.Errorf("%d of its %d rows can be read", seen, b.keys))
		}
		if err := b.damage.Load(); err != nil {
			yield(nil, *err)
		}
	}
}
