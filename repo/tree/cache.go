package tree

import (
	"container/list"
	"sync"

	"ivyvault/chunk"
)

// pages is a cache of decoded pages, bounded by their bytes; what was used
// least recently goes first. It may be used concurrently.
type pages struct {
	mu    sync.Mutex
	limit int
	bytes int
	byRef map[chunk.Ref]*list.Element
	order list.List // front: used last
}

type cached struct {
	ref  chunk.Ref
	page sized
}

// sized is a *Page or a *ListPage.
type sized interface{ Bytes() int }

func (c *pages) get(ref chunk.Ref) sized {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byRef[ref]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).page
}

func (c *pages) add(ref chunk.Ref, p sized) {
	n := p.Bytes()
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > c.limit || c.byRef[ref] != nil {
		return
	}
	if c.byRef == nil {
		c.byRef = make(map[chunk.Ref]*list.Element)
	}
	c.byRef[ref] = c.order.PushFront(&cached{ref, p})
	for c.bytes += n; c.bytes > c.limit; {
		e := c.order.Back()
		old := c.order.Remove(e).(*cached)
		delete(c.byRef, old.ref)
		c.bytes -= old.page.Bytes()
	}
}
