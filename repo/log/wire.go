package log

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// prefixSize is what stands before an entry's box: head, number, previous.
const prefixSize = seal.HeadSize + 8 + 32

// ObjectName returns the store's name of entry n.
func ObjectName(n uint64) store.Name {
	return store.Name{Type: store.Log, Name: fmt.Sprintf("%016d", n)}
}

// sealEntry returns the object of an entry.
func sealEntry(s Sealer, n uint64, previous Name, p plain) ([]byte, error) {
	prefix := seal.AppendHead(make([]byte, 0, prefixSize), seal.KindLog)
	prefix = binary.LittleEndian.AppendUint64(prefix, n)
	prefix = append(prefix, previous[:]...)
	raw, err := s.SealBox(prefix, seal.KindLog, p.encode())
	if err != nil {
		return nil, fmt.Errorf("seal log entry %d: %w", n, err)
	}
	return raw, nil
}

// openEntry verifies all that can be verified of an entry by itself: head,
// number, signature, box, body, and that its signer may write such a body.
func openEntry(s Sealer, n uint64, raw []byte) (*Entry, error) {
	text, who, err := s.OpenBox(raw, prefixSize, seal.KindLog)
	if err != nil {
		return nil, damage(n, err)
	}
	if got := binary.LittleEndian.Uint64(raw[seal.HeadSize:]); got != n {
		return nil, damage(n, fmt.Errorf("its bytes are those of entry %d", got))
	}
	p, err := decodePlain(text)
	if err != nil {
		return nil, damage(n, err)
	}
	if fullOnly(p.body) && who.Role != seal.Full {
		return nil, damage(n, fmt.Errorf("the key %x that wrote this %s entry has no right to", who.Public[:8], p.body.Type()))
	}
	return &Entry{
		Number:    n,
		Previous:  Name(raw[seal.HeadSize+8 : prefixSize]),
		Hash:      seal.ObjectName(raw),
		Time:      p.time,
		LastState: p.lastState,
		Body:      p.body,
		Signer:    who,
	}, nil
}

// get returns the bytes of entry n, or nil where it is absent.
func get(ctx context.Context, m Medium, n uint64) ([]byte, error) {
	raw, err := m.Get(ctx, ObjectName(n), 0, -1)
	if errors.Is(err, store.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read log entry %d: %w", n, err)
	}
	if raw == nil {
		raw = []byte{}
	}
	return raw, nil
}

// exists looks for entry n without reading it.
func exists(ctx context.Context, m Medium, n uint64) (bool, error) {
	_, err := m.Get(ctx, ObjectName(n), 0, 1)
	if errors.Is(err, store.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for log entry %d: %w", n, err)
	}
	return true, nil
}

func millis(t time.Time) uint64 { return uint64(max(0, t.UnixMilli())) }
