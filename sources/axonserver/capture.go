package axonserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/axonserver/segment"
)

// capture is one night of one part.
type capture struct {
	p      *Segments
	client *rest.Client
	about  rest.About
	last   *state
	chain  string
	look   *look
	before int64 // token of the last event that the server had before it was asked for files
	told   bool  // it told that

	mu      sync.Mutex
	held    map[string]File   // new files, opened ahead of their reading, by path
	results map[int64]*result // by number
	notes   []string
	err     error  // the first reason for which the part is worth nothing
	next    []byte // the state, once the facts are known
}

var (
	_ sources.Capture   = (*capture)(nil)
	_ sources.Described = (*capture)(nil)
	_ sources.Stateful  = (*capture)(nil)
)

// result is what became of a segment that was read.
type result struct {
	group  *group
	sum    segment.Summary
	digest string
	attr   map[segment.Part]sources.Attr
	old    map[segment.Part]bool
	proven bool
}

func (c *capture) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := fmt.Sprintf(format, args...); !slices.Contains(c.notes, s) {
		c.notes = append(c.notes, s)
	}
}

// fail makes the part fail, and returns an error for the one who reads. What is
// missing must not read as 'vanished': that would be left out in silence.
func (c *capture) fail(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New(err.Error())
	}
	return err
}

// Entries yields what the chain holds as it was, and the rest of what the
// server has.
func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		order := slices.Clone(c.look.groups)
		stems := map[*group]string{}
		for _, g := range order {
			stems[g] = g.stem()
		}
		slices.SortFunc(order, func(a, b *group) int { return strings.Compare(stems[a], stems[b]) })
		for _, g := range order {
			if ctx.Err() != nil {
				yield(sources.Entry{}, context.Cause(ctx))
				return
			}
			entries, err := c.group(ctx, g)
			if err != nil {
				yield(sources.Entry{}, c.fail(err))
				return
			}
			slices.SortFunc(entries, func(a, b sources.Entry) int { return strings.Compare(a.Path, b.Path) })
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// group returns the entries of a segment.
func (c *capture) group(ctx context.Context, g *group) ([]sources.Entry, error) {
	var out []sources.Entry
	if g.carried != nil {
		for _, f := range g.carried.Files {
			n := g.carried.name(c.p.kind, f)
			out = append(out, sources.Entry{Path: n.String(), Attr: g.carried.attr(f), Stamp: stamp(c.chain, n.String(), f.Size),
				Item: sources.Content(func(ctx context.Context) (io.ReadCloser, error) { return c.anew(ctx, g.carried, f) })})
		}
		for part, f := range g.files {
			info, err := c.p.env.Files.Stat(f.path)
			if err != nil {
				delete(g.files, part)
				c.note("the index %s was there and is gone: the server makes it again", f.name)
				continue
			}
			out = append(out, c.entry(g, f, attrOf(info)))
		}
		return out, nil
	}
	g, attrs, err := c.ready(ctx, g)
	if err != nil {
		return nil, err
	}
	r := &result{group: g, attr: attrs, old: map[segment.Part]bool{}}
	for part, f := range g.files {
		if a, ok := attrs[part]; ok {
			r.old[part] = f.name.Old
			out = append(out, c.entry(g, f, a))
		}
	}
	c.mu.Lock()
	c.results[g.number] = r
	c.mu.Unlock()
	return out, nil
}

// entry describes a file that is to be read.
func (c *capture) entry(g *group, f place, a sources.Attr) sources.Entry {
	e := sources.Entry{Path: f.name.String(), Attr: a, Stamp: []byte{}}
	if g.closed && f.name.Part != segment.GlobalIndex {
		e.Stamp = stamp(c.chain, e.Path, a.Size)
	}
	e.Item = sources.Content(func(ctx context.Context) (io.ReadCloser, error) { return c.open(ctx, g, f) })
	return e
}

// ready opens a new segment's files, all before any is yielded, so that the
// server can't take one of them away. Where it has done so already, it is asked
// again: the segment lies elsewhere now, or was transformed.
func (c *capture) ready(ctx context.Context, g *group) (*group, map[segment.Part]sources.Attr, error) {
	for pass := 1; ; pass++ {
		attrs, err := c.hold(g)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return g, attrs, err
		}
		if pass == 4 {
			return nil, nil, fmt.Errorf("the server names files that are not there, asked %d times: %w. "+
				"Is this the machine that the server runs on, and does 'path-map' say where the server's folders are here? A server that moves segments between tiers must rest meanwhile: event.segment-move-rate=0", pass, err)
		}
		if pass > 1 {
			select {
			case <-ctx.Done():
				return nil, nil, context.Cause(ctx)
			case <-time.After(c.p.env.Pause):
			}
		}
		l, lerr := c.p.look(ctx, c.client, &c.about, c.last)
		if lerr != nil {
			return nil, nil, lerr
		}
		now := l.byNumber[g.number]
		if now == nil || now.carried != nil || now.version < g.version {
			return nil, nil, c.alarm("the segment %d was named, vanished, and isn't named any more", g.number)
		}
		if now.version == g.version {
			now.begin = g.begin
		}
		now.closed = g.closed
		c.replace(g, now)
		g = now
	}
}

// replace puts a group in the place of another.
func (c *capture) replace(old, now *group) {
	c.look.groups[slices.Index(c.look.groups, old)] = now
	c.look.byNumber[now.number] = now
}

// hold opens the files of a segment, as far as there is room, and describes
// them. Index files come all together or not at all.
func (c *capture) hold(g *group) (map[segment.Part]sources.Attr, error) {
	attrs := map[segment.Part]sources.Attr{}
	for part, f := range g.files {
		if !g.closed && part != segment.Data {
			continue // nobody promises anything of it
		}
		a, err := c.keep(f.path)
		if err != nil {
			return nil, err
		}
		attrs[part] = a
	}
	if g.closed && !indexed(attrs) {
		delete(attrs, segment.Index)
		delete(attrs, segment.Bloom)
		delete(attrs, segment.JumpIndex)
	}
	return attrs, nil
}

// indexed reports whether a segment has its index.
func indexed(attrs map[segment.Part]sources.Attr) bool {
	return attrs[segment.Index].Size > 0 && attrs[segment.Bloom].Size > 0 || attrs[segment.JumpIndex].Size > 0
}

func (c *capture) keep(path string) (sources.Attr, error) {
	c.mu.Lock()
	f, full := c.held[path], len(c.held) >= c.p.env.Hold
	c.mu.Unlock()
	if f == nil && full {
		info, err := c.p.env.Files.Stat(path)
		if err != nil {
			return sources.Attr{}, err
		}
		return attrOf(info), nil
	}
	if f == nil {
		var err error
		if f, err = c.p.env.Files.Open(path); err != nil {
			return sources.Attr{}, err
		}
		c.mu.Lock()
		c.held[path] = f
		c.mu.Unlock()
	}
	info, err := f.Stat()
	if err != nil {
		return sources.Attr{}, err
	}
	return attrOf(info), nil
}

// take returns a file that is held, or opens it.
func (c *capture) take(path string) (File, error) {
	c.mu.Lock()
	f := c.held[path]
	delete(c.held, path)
	c.mu.Unlock()
	if f != nil {
		return f, nil
	}
	return c.p.env.Files.Open(path)
}

// Close gives up what is held.
func (c *capture) Close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.held {
		f.Close()
	}
	clear(c.held)
	return nil
}
