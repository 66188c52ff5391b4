// Package chunktest holds what every pair of a chunk.Putter and a chunk.Getter
// must do, as a test that each implementation runs, and a pair in memory for
// tests of those who use one.
package chunktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"ivyvault/chunk"
)

// Mem keeps chunks in memory. It may be used concurrently.
type Mem struct {
	keys *chunk.Keys
	mu   sync.RWMutex
	m    map[chunk.Ref][]byte

	Puts, Gets atomic.Int64 // calls
}

var (
	_ chunk.Getter = (*Mem)(nil)
	_ chunk.Putter = (*Mem)(nil)
)

// NewMem returns an empty Mem that names chunks by keys.
func NewMem(keys *chunk.Keys) *Mem {
	return &Mem{keys: keys, m: make(map[chunk.Ref][]byte)}
}

// Put keeps a copy of p.
func (m *Mem) Put(ctx context.Context, kind chunk.Kind, p []byte) (chunk.Ref, error) {
	m.Puts.Add(1)
	if err := ctx.Err(); err != nil {
		return chunk.Ref{}, err
	}
	if !kind.Valid() || len(p) == 0 || len(p) > chunk.MaxSize {
		return chunk.Ref{}, fmt.Errorf("a chunk of kind %v and %d bytes can't be put", kind, len(p))
	}
	ref, _ := m.keys.Name(kind, p, nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.m[ref] == nil {
		m.m[ref] = bytes.Clone(p)
	}
	return ref, nil
}

// Get returns the chunk.
func (m *Mem) Get(ctx context.Context, ref chunk.Ref) ([]byte, error) {
	return m.GetRange(ctx, ref, 0, int(ref.Size))
}

// GetRange returns a part of the chunk, verified as a whole.
func (m *Mem) GetRange(ctx context.Context, ref chunk.Ref, off, n int) ([]byte, error) {
	m.Gets.Add(1)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if off < 0 || n < 0 || off > int(ref.Size)-n {
		return nil, errors.New("the range is outside of the chunk")
	}
	m.mu.RLock()
	p := m.m[ref]
	m.mu.RUnlock()
	if p == nil {
		return nil, fmt.Errorf("%v: %w", ref, chunk.ErrNotFound)
	}
	if now, _ := m.keys.Name(ref.Kind, p, nil); now != ref {
		return nil, &chunk.DamageError{What: "chunk " + ref.String(), How: "its bytes don't have its name"}
	}
	return p[off : off+n : off+n], nil
}

// Len returns how many chunks there are, and their bytes.
func (m *Mem) Len() (chunks int, size int64) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for ref := range m.m {
		size += int64(ref.Size)
	}
	return len(m.m), size
}

// Damage flips a bit of a chunk's stored bytes.
func (m *Mem) Damage(ref chunk.Ref, at int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := bytes.Clone(m.m[ref])
	p[at] ^= 1
	m.m[ref] = p
}

// Drop forgets a chunk.
func (m *Mem) Drop(ref chunk.Ref) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.m, ref)
}
