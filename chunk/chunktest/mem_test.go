package chunktest_test

import (
	"errors"
	"testing"

	"ivyvault/chunk"
	"ivyvault/chunk/chunktest"
)

func TestMem(t *testing.T) {
	keys := chunk.NewKeys([32]byte{1})
	chunktest.Run(t, keys, func(t *testing.T) chunktest.Pair {
		m := chunktest.NewMem(keys)
		return chunktest.Pair{Putter: m, Getter: func() chunk.Getter { return m }}
	})
}

func TestMemOverCached(t *testing.T) {
	keys := chunk.NewKeys([32]byte{1})
	chunktest.Run(t, keys, func(t *testing.T) chunktest.Pair {
		m := chunktest.NewMem(keys)
		c := chunk.NewCached(m, 300<<10)
		t.Cleanup(c.Close)
		return chunktest.Pair{Putter: m, Getter: func() chunk.Getter { return c }}
	})
}

func TestMemDamage(t *testing.T) {
	m := chunktest.NewMem(chunk.NewKeys([32]byte{1}))
	ref, err := m.Put(t.Context(), chunk.Data, []byte("right"))
	if err != nil {
		t.Fatal(err)
	}
	m.Damage(ref, 2)
	if _, err := m.Get(t.Context(), ref); !errors.Is(err, chunk.ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
	m.Drop(ref)
	if _, err := m.Get(t.Context(), ref); !errors.Is(err, chunk.ErrNotFound) {
		t.Errorf("dropped: %v", err)
	}
}
