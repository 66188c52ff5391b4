package repo

import (
	"container/list"
	"context"
	"crypto/cipher"
	"sync"

	"ivyvault/chunk"
	"ivyvault/repo/pack"
	"ivyvault/repo/store"
)

// tailRead is how much of a pack's end is read at first: it holds the trailer,
// the padding and in most packs the whole table.
const tailRead = 32 << 10

// openedPack is a pack whose key was opened and whose table was verified.
type openedPack struct {
	aead  cipher.AEAD
	table *pack.Table
}

// packCache keeps opened packs, least recently used out first, bounded by the
// bytes of their tables. Opening one costs two reads and a decapsulation, so
// readers that ask at once share it.
type packCache struct {
	mu     sync.Mutex
	bound  int
	size   int
	items  map[Name]*list.Element
	recent *list.List
	flight map[Name]*packFlight
}

type packItem struct {
	name Name
	p    *openedPack
}

type packFlight struct {
	done chan struct{}
	p    *openedPack
	err  error
}

// packOverhead is counted for each opened pack beside its table: the expanded
// AES key and the cache's own bookkeeping.
const packOverhead = 1 << 10

func newPackCache(bound int) *packCache {
	return &packCache{bound: bound, items: map[Name]*list.Element{}, recent: list.New(), flight: map[Name]*packFlight{}}
}

// get returns the opened pack. The opening runs on its own context, so that a
// reader that goes away does not fail the others that wait for it.
func (c *packCache) get(ctx context.Context, name Name, open func(context.Context) (*openedPack, error)) (*openedPack, error) {
	c.mu.Lock()
	if e := c.items[name]; e != nil {
		c.recent.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*packItem).p, nil
	}
	f := c.flight[name]
	if f == nil {
		f = &packFlight{done: make(chan struct{})}
		c.flight[name] = f
		go func() {
			f.p, f.err = open(context.WithoutCancel(ctx))
			c.mu.Lock()
			delete(c.flight, name)
			if f.err == nil {
				c.insert(name, f.p)
			}
			c.mu.Unlock()
			close(f.done)
		}()
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.p, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *packCache) insert(name Name, p *openedPack) {
	c.items[name] = c.recent.PushFront(&packItem{name, p})
	c.size += p.table.Bytes() + packOverhead
	for c.size > c.bound && c.recent.Len() > 1 {
		c.remove(c.recent.Back())
	}
}

func (c *packCache) remove(e *list.Element) {
	it := e.Value.(*packItem)
	c.recent.Remove(e)
	delete(c.items, it.name)
	c.size -= it.p.table.Bytes() + packOverhead
}

// drop forgets a pack, so that it is read anew.
func (c *packCache) drop(name Name) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.items[name]; e != nil {
		c.remove(e)
	}
}

// packName is the store's name of a pack.
func packName(n Name) store.Name { return store.Name{Type: store.Pack, Name: n.String()} }

// openPack reads header, key and table of a pack of the given size in bytes.
func (r *Repo) openPack(ctx context.Context, name Name, size int64) (*openedPack, error) {
	return r.packs.get(ctx, name, func(ctx context.Context) (*openedPack, error) {
		return r.readPackTable(ctx, name, size)
	})
}

func (r *Repo) readPackTable(ctx context.Context, name Name, size int64) (*openedPack, error) {
	what := "pack " + name.String()
	header, err := r.store.Get(ctx, packName(name), 0, pack.HeaderSize)
	if err != nil {
		return nil, err
	}
	if len(header) != pack.HeaderSize {
		return nil, &chunk.DamageError{What: what, How: "it ends within its header"}
	}
	_, aead, err := r.ring.OpenPackKey(header)
	if err != nil {
		return nil, wrapWhat(what, err)
	}
	from := max(0, size-tailRead)
	tail, err := r.store.Get(ctx, packName(name), from, size-from)
	if err != nil {
		return nil, err
	}
	if int64(len(tail)) != size-from || len(tail) < pack.TrailerSize {
		return nil, &chunk.DamageError{What: what, How: "it is cut short"}
	}
	trailer, err := pack.ParseTrailer(tail[len(tail)-pack.TrailerSize:], size)
	if err != nil {
		return nil, wrapWhat(what, err)
	}
	var sealed []byte
	if trailer.Offset >= from {
		sealed = tail[trailer.Offset-from:][:trailer.Length]
	} else if sealed, err = r.store.Get(ctx, packName(name), trailer.Offset, trailer.Length); err != nil {
		return nil, err
	}
	table, err := pack.OpenTable(aead, header, trailer, sealed, r.keys)
	if err != nil {
		return nil, wrapWhat(what, err)
	}
	return &openedPack{aead: aead, table: table}, nil
}
