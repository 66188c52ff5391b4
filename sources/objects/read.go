package objects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"ivyvault/sources"
)

// Attribute is the extended attribute that holds an object's Metadata, as JSON.
const Attribute = "user.ivyvault.object"

// tries is how often a content that broke off is asked for again, from where it
// ended, before the object is given up.
const tries = 4

func zeroTime() time.Time { return time.Time{} }

// item opens one object.
type item struct {
	c *capture
	o Object
}

var _ sources.Item = (*item)(nil)

// Open opens the object that was listed, or, where it was replaced since, the
// present one; its stamp is then not the listed one's, and it is read again
// next time.
func (i *item) Open(ctx context.Context) (io.ReadCloser, error) {
	if err := i.c.gone(); err != nil {
		return nil, err
	}
	b, err := i.c.bucket.Open(ctx, i.o, 0)
	if errors.Is(err, ErrChanged) {
		now := i.o
		now.ETag, now.Version = "", ""
		if b, err = i.c.bucket.Open(ctx, now, 0); err == nil {
			i.c.note(&i.o, false, b.Object.Size)
		}
	}
	if isGone(err) {
		i.c.note(&i.o, true, 0)
	}
	if err != nil {
		return nil, i.c.opt.clean(i.c.lost(ctx, err))
	}
	return &content{ctx: ctx, c: i.c, body: b}, nil
}

// Xattrs asks the server.
func (i *item) Xattrs() ([]sources.Xattr, error) {
	r, err := i.Open(context.Background())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.(*content).Xattrs()
}

// content reads a body, and goes on with another one where it breaks off.
type content struct {
	ctx    context.Context
	c      *capture
	body   *Body
	at     int64
	failed int
}

var (
	_ io.ReadCloser      = (*content)(nil)
	_ sources.Attributed = (*content)(nil)
)

func (r *content) Read(p []byte) (int, error) {
	for {
		n, err := r.body.Read(p)
		r.at += int64(n)
		switch {
		case n > 0 && err != io.EOF:
			return n, nil // an error comes again, or is mended, with the next call
		case err == io.EOF && r.at < r.body.Object.Size:
			err = io.ErrUnexpectedEOF
		case err == nil || err == io.EOF:
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		if err := r.resume(err); err != nil {
			return 0, r.c.opt.clean(err)
		}
	}
}

// resume asks for what is missing, of the very same object.
func (r *content) resume(cause error) error {
	o := r.body.Object
	for {
		if err := context.Cause(r.ctx); err != nil {
			return err
		}
		if err := r.c.gone(); err != nil {
			return err
		}
		if r.failed++; r.failed > tries || o.ETag == "" {
			return r.c.lost(r.ctx, fmt.Errorf("after %d of %d bytes: %w", r.at, o.Size, cause))
		}
		select {
		case <-r.ctx.Done():
		case <-time.After(time.Duration(r.failed*r.failed) * 100 * time.Millisecond):
		}
		b, err := r.c.bucket.Open(r.ctx, o, r.at)
		if err == nil {
			_ = r.body.Close() // it failed already
			b.Object, b.Meta = o, r.body.Meta
			r.body = b
			return nil
		}
		if errors.Is(err, ErrChanged) || isGone(err) {
			// No ErrNotExist: half of it was read, so it didn't vanish before.
			return fmt.Errorf("it was replaced or deleted while it was read, after %d of %d bytes", r.at, o.Size)
		}
		cause = err
	}
}

func (r *content) Close() error { return r.body.Close() }

// Xattrs returns what the object carries.
func (r *content) Xattrs() ([]sources.Xattr, error) {
	p, err := json.Marshal(r.body.Meta) // maps are sorted
	return []sources.Xattr{{Name: Attribute, Value: p}}, err
}
