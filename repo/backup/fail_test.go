package backup_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/sources"
)

// endless is a source of ever more files, which counts how many were read.
type endless struct{ opened atomic.Int64 }

func (e *endless) Capture(context.Context) (sources.Capture, error) { return e, nil }
func (e *endless) Close(context.Context) error                      { return nil }

func (e *endless) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		for i := 0; ctx.Err() == nil; i++ {
			name := "f" + strings.Repeat("z", i/26) + string(rune('a'+i%26))
			entry := sources.Entry{
				Path: name, Attr: sources.Attr{Type: sources.File, Mode: 0o644, Size: 100 << 10, Inode: uint64(i)},
				Item: sources.Content(func(context.Context) (io.ReadCloser, error) {
					seed := [32]byte{1}
					binary.LittleEndian.PutUint64(seed[8:], uint64(e.opened.Add(1)))
					return io.NopCloser(io.LimitReader(rand.NewChaCha8(seed), 100<<10)), nil
				}),
			}
			if !yield(entry, nil) {
				return
			}
		}
		yield(sources.Entry{}, context.Cause(ctx))
	}
}

// full is a store that takes no packs.
type full struct{ store.Store }

var errFull = errors.New("no space left")

func (f full) Put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	if name.Type == store.Pack {
		return false, errFull
	}
	return f.Store.Put(ctx, name, data)
}

// A store that fails ends the run; the rest of the source is not read first.
func TestAStoreThatFailsEndsTheRunAtOnce(t *testing.T) {
	r, err := repo.Init(context.Background(), full{mem.New()}, repo.InitOptions{Password: []byte("secret"), Argon: cheap(), Config: repo.Config{PackSize: repo.MinPackSize}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	src := new(endless)
	_, err = backup.Run(context.Background(), r, backup.Options{Source: src, Paths: []string{"/x"}, Host: "host"}, nil)
	if !errors.Is(err, errFull) {
		t.Errorf("the run ended with %v", err)
	}
	t.Logf("%d files were read", src.opened.Load())
}
