package objects

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// fake is a bucket in memory.
type fake struct {
	mu      sync.Mutex
	things  map[string]thing
	absent  bool
	silent  int      // from which opening on the server does not answer; 0 is never
	listens bool     // but for questions about the bucket
	lists   int      // requests for lists
	opened  []string // keys, with the place where it isn't the beginning
	listErr error    // after so many objects:
	listEnd int
	cut     int                   // bodies break off after so many bytes
	fuss    func(key string)      // is called before every opening
	less    func(a, b string) int // order of lists
}

type thing struct {
	content  []byte
	meta     Metadata
	modified time.Time
}

var _ Bucket = (*fake)(nil)

func newFake(keys ...string) *fake {
	f := &fake{things: map[string]thing{}}
	for _, k := range keys {
		f.set(k, "content of "+k)
	}
	return f
}

func (f *fake) set(key, content string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.things[key] = thing{[]byte(content), Metadata{ContentType: "text/plain", User: map[string]string{"made-by": "test"}}, time.Unix(1e9, int64(len(f.things)))}
}

func (f *fake) remove(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.things, key)
}

func (f *fake) object(key string) Object {
	t := f.things[key]
	sum := md5.Sum(t.content)
	return Object{Key: key, Size: int64(len(t.content)), Modified: t.modified, ETag: hex.EncodeToString(sum[:])}
}

func (f *fake) Look(context.Context) (About, error) {
	if f.absent {
		return About{}, fmt.Errorf("no bucket: %w", fs.ErrNotExist)
	}
	if f.silent > 0 && len(f.opened) >= f.silent && !f.listens {
		return About{}, fmt.Errorf("connection refused: %w", ErrSilent)
	}
	return About{Product: "fake", Where: "the fake bucket"}, nil
}

func (f *fake) Make(context.Context) error { f.absent = false; return nil }

func (f *fake) List(ctx context.Context, prefix string, limit int) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		f.mu.Lock()
		f.lists++
		keys := slices.Collect(maps.Keys(f.things))
		less := f.less
		f.mu.Unlock()
		if less == nil {
			less = cmp.Compare[string]
		}
		slices.SortFunc(keys, less)
		n := 0
		for _, k := range keys {
			if !strings.HasPrefix(k, prefix) {
				continue
			}
			if err := context.Cause(ctx); err != nil {
				yield(Object{}, err)
				return
			}
			if f.listErr != nil && n >= f.listEnd {
				yield(Object{}, f.listErr)
				return
			}
			f.mu.Lock()
			o := f.object(k)
			f.mu.Unlock()
			if !yield(o, nil) {
				return
			}
			if n++; n == limit {
				return
			}
		}
	}
}

func (f *fake) Open(_ context.Context, o Object, off int64) (*Body, error) {
	if f.fuss != nil {
		f.fuss(o.Key)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	name := o.Key
	if off > 0 {
		name += fmt.Sprintf(" from %d", off)
	}
	f.opened = append(f.opened, name)
	if f.silent > 0 && len(f.opened) >= f.silent {
		return nil, fmt.Errorf("connection refused: %w", ErrSilent)
	}
	t, ok := f.things[o.Key]
	if !ok {
		return nil, fmt.Errorf("no such key: %w", fs.ErrNotExist)
	}
	now := f.object(o.Key)
	if o.ETag != "" && o.ETag != now.ETag {
		return nil, ErrChanged
	}
	var r io.Reader = bytes.NewReader(t.content[off:])
	if f.cut > 0 && len(t.content[off:]) > f.cut {
		r = io.MultiReader(io.LimitReader(r, int64(f.cut)), broken{})
	}
	return &Body{io.NopCloser(r), now, t.meta}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (f *fake) Put(_ context.Context, u Upload) error {
	p, err := io.ReadAll(u.From)
	if err != nil || int64(len(p)) != u.Size {
		return fmt.Errorf("%d bytes came, not %d: %w", len(p), u.Size, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.things[u.Key] = thing{p, u.Meta, time.Unix(2e9, 0)}
	return nil
}
