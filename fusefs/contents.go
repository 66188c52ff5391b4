package fusefs

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"

	"ivyvault/repo/tree"
)

// contents remembers the files that are being read, by node id: files are
// opened without a word, so nothing else tells where their bytes are. It holds
// few: finding a file again costs little.
type contents struct {
	mu    sync.Mutex
	byID  map[uint64]*list.Element
	order list.List // of *content; front: used last
}

const contentsKept = 128

// content is a file that is being read.
type content struct {
	id    uint64
	file  *tree.OpenFile
	size  uint64
	whole bool // its bytes come as a whole, see tree.OpenFile.Whole

	next  atomic.Uint64 // where a sequential reader will go on
	run   atomic.Uint64 // bytes that it read in order
	ahead atomic.Uint64 // up to where was read ahead
}

func newContents() *contents { return &contents{byID: make(map[uint64]*list.Element)} }

func (c *contents) get(id uint64) *content {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byID[id]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*content)
}

// add remembers f and returns it, or what is remembered already.
func (c *contents) add(f *content) *content {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byID[f.id]; e != nil {
		return e.Value.(*content)
	}
	c.byID[f.id] = c.order.PushFront(f)
	if c.order.Len() > contentsKept {
		old := c.order.Remove(c.order.Back()).(*content)
		delete(c.byID, old.id)
	}
	return f
}

// content returns the file with the node id. One that is read with a single
// request, n bytes from the beginning, is not remembered.
func (m *mount) content(ctx context.Context, id, off uint64, n int) (*content, error) {
	if f := m.contents.get(id); f != nil {
		return f, nil
	}
	node, err := m.node(ctx, id)
	if err != nil {
		return nil, err
	}
	if node == nil {
		return nil, notThere("")
	}
	file, err := m.tree.Open(node)
	if err != nil {
		return nil, err
	}
	f := &content{id: id, file: file, size: node.Size}
	f.whole = node.Content.Form <= tree.Slice
	if off == 0 && uint64(n) >= f.size {
		return f, nil
	}
	return m.contents.add(f), nil
}
