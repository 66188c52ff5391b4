package objects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"ivyvault/sources"
)

// Attributed is implemented by the fs.FileInfo of a captured tree that knows
// extended attributes. Where it isn't, as with a folder of files, objects come
// back without what they carried, and a note says so.
type Attributed interface {
	Xattr(name string) (value []byte, ok bool)
}

// Objects at once, and, of these, such of more than a MiB.
const (
	atOnce    = 8
	bigAtOnce = 2
	big       = 1 << 20
)

type restore struct {
	bucket   Bucket
	opt      sources.RestoreOptions
	from     fs.FS
	old, new string // prefixes
	where    string
	group    *errgroup.Group
	bigs     chan struct{}

	objects, bytes, bare atomic.Int64
}

// Restore puts the objects of a captured tree into a bucket. Names in opt.Only
// are keys, or prefixes that end in a slash, as they were when captured.
func Restore(ctx context.Context, b Bucket, o Options, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	done, err := put(ctx, b, o, from, opt)
	return done, o.clean(err)
}

func put(ctx context.Context, b Bucket, o Options, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	var h header
	text, err := fs.ReadFile(from, about)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil {
		return sources.Restored{}, fmt.Errorf("this holds no captured bucket: %w", err)
	}
	r := &restore{bucket: b, opt: opt, from: from, old: h.Prefix, new: o.Prefix, bigs: make(chan struct{}, bigAtOnce)}
	notes, err := r.ready(ctx, o)
	if err != nil {
		return sources.Restored{}, err
	}
	var inner context.Context
	r.group, inner = errgroup.WithContext(ctx)
	r.group.SetLimit(atOnce)
	err = r.chosen(inner, func(key, name string, i fs.FileInfo) error { return r.send(inner, key, name, i) })
	if werr := r.group.Wait(); werr != nil {
		err = werr
	}
	if ended := context.Cause(ctx); ended != nil {
		err = ended
	}
	n, size := r.objects.Load(), r.bytes.Load()
	if err != nil {
		return sources.Restored{}, fmt.Errorf("%s holds %d of the objects now: %w", r.where, n, err)
	}
	done := sources.Restored{Counts: map[string]int64{"objects": n, "bytes": size}, Notes: notes}
	if bare := r.bare.Load(); bare > 0 {
		done.Notes = append(done.Notes, fmt.Sprintf("%d objects came back without content type and metadata: what they were read from doesn't show the attribute %s", bare, Attribute))
	}
	if len(opt.Only) > 0 {
		return done, nil
	}
	if want, ok := opt.Facts.Counts["objects"]; ok && want != n {
		return done, fmt.Errorf("%d objects were captured, and %d are back in %s", want, n, r.where)
	}
	return done, r.recount(ctx, &done)
}

// ready checks all that can be checked before anything is changed.
func (r *restore) ready(ctx context.Context, o Options) (notes []string, err error) {
	at, err := r.bucket.Look(ctx)
	if isGone(err) && o.Create {
		if err := r.names(ctx); err != nil {
			return nil, err
		}
		if err := r.bucket.Make(ctx); err != nil {
			return nil, err
		}
		r.opt.Say("the bucket was made")
		at, err = r.bucket.Look(ctx)
		r.where = at.Where
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	r.where = at.Where
	if err := r.names(ctx); err != nil {
		return nil, err
	}
	if r.opt.Replace {
		return nil, nil
	}
	if len(r.opt.Only) == 0 {
		return nil, r.free(ctx, r.new, false)
	}
	for _, name := range r.opt.Only {
		if err := r.free(ctx, r.moved(name), !strings.HasSuffix(name, "/")); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// names checks that each chosen name is there.
func (r *restore) names(ctx context.Context) error {
	for _, name := range r.opt.Only {
		found := errors.New("found")
		one := restore{from: r.from, opt: sources.RestoreOptions{Only: []string{name}}}
		err := one.chosen(ctx, func(string, string, fs.FileInfo) error { return found })
		if err == nil {
			err = fmt.Errorf("no captured object is called %q, or begins so", name)
		}
		if !errors.Is(err, found) {
			return err
		}
	}
	return nil
}

// free fails where something lives at a key or below a prefix.
func (r *restore) free(ctx context.Context, prefix string, exact bool) error {
	for o, err := range r.bucket.List(ctx, prefix, 1) {
		if err != nil {
			return err
		}
		if !exact || o.Key == prefix {
			return &sources.OccupiedError{Where: r.where, What: fmt.Sprintf("for example the object %q", o.Key)}
		}
	}
	return nil
}

// moved is where a key goes.
func (r *restore) moved(key string) string {
	if rest, ok := strings.CutPrefix(key, r.old); ok {
		return r.new + rest
	}
	return key
}

// send puts one object.
func (r *restore) send(ctx context.Context, key, name string, i fs.FileInfo) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	var meta Metadata
	a, ok := i.(Attributed)
	if ok {
		var text []byte
		if text, ok = a.Xattr(Attribute); ok {
			if err := json.Unmarshal(text, &meta); err != nil {
				return fmt.Errorf("what %s carried can't be read: %w", name, err)
			}
		}
	}
	if !ok {
		r.bare.Add(1)
	}
	r.group.Go(func() error {
		if i.Size() > big {
			r.bigs <- struct{}{}
			defer func() { <-r.bigs }()
		}
		f, err := r.from.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		u := Upload{Key: r.moved(key), Size: i.Size(), Meta: meta, From: io.LimitReader(f, i.Size())}
		if err := r.bucket.Put(ctx, u); err != nil {
			return fmt.Errorf("the object %q: %w", u.Key, err)
		}
		r.bytes.Add(u.Size)
		if n := r.objects.Add(1); n%10_000 == 0 {
			r.opt.Say("%d objects are back", n)
		}
		return nil
	})
	return nil
}

// recount counts what is at the target now.
func (r *restore) recount(ctx context.Context, done *sources.Restored) error {
	var n, size int64
	for o, err := range r.bucket.List(ctx, r.new, 0) {
		if err != nil {
			return fmt.Errorf("all objects are back in %s, but it can't be listed to count them: %w", r.where, err)
		}
		n++
		size += o.Size
	}
	if put := done.Counts["objects"]; n < put {
		return fmt.Errorf("%d objects were put into %s, which lists %d", put, r.where, n)
	} else if n > put {
		done.Notes = append(done.Notes, fmt.Sprintf("%s holds %d more objects than were captured: they were left alone", r.where, n-put))
	} else if size != done.Counts["bytes"] {
		return fmt.Errorf("%d bytes were put into %s, which lists %d", done.Counts["bytes"], r.where, size)
	}
	return nil
}
