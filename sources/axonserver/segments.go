package axonserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"ivyvault/sources"
	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/axonserver/segment"
)

// Segments is the events, or the snapshots, of one context.
type Segments struct {
	c       Config
	env     Env
	kind    segment.Kind
	context string
	last    *state // of the chain; nil: a new one begins
	chain   string // the name of a new one
}

var (
	_ sources.Part      = (*Segments)(nil)
	_ sources.Continued = (*Segments)(nil)
)

// NewSegments makes the part for one kind of segments of a context; c must be
// valid.
func NewSegments(c Config, kind segment.Kind, context string, env Env) *Segments {
	return &Segments{c: c, env: env.norm(), kind: kind, context: context, chain: newChain()}
}

// Continue goes on with the chain that the last capture was of.
func (p *Segments) Continue(b []byte) error {
	p.last, p.chain = nil, newChain()
	s, err := decodeState(b)
	if err != nil {
		return err
	}
	if s.Kind != p.kind.String() || s.Context != p.context {
		return fmt.Errorf("the state is that of the %s of the context %s", s.Kind, s.Context)
	}
	p.last = s
	return nil
}

// Capture asks the server what is there, and looks whether it is what the chain
// goes on from. Contents are read, and proven, as they are asked for.
func (p *Segments) Capture(ctx context.Context) (sources.Capture, error) {
	st := p.last
	p.last = nil // whoever captures again says again what to go on from
	n, err := connect(&p.c, p.env)
	if err != nil {
		return nil, err
	}
	var c *capture
	err = n.ofContext(ctx, p.context, func(client *rest.Client, about rest.About) error {
		c = &capture{p: p, client: client, about: about, last: st, held: map[string]File{}, results: map[int64]*result{}}
		return c.begin(ctx)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// begin asks for the tokens first: what the server has then must be in the copy.
func (c *capture) begin(ctx context.Context) error {
	c.before, c.told = -1, false
	switch h, err := c.client.Health(ctx); {
	case err == nil:
		c.before, c.told = h.LastOf(c.p.context, c.p.kind == segment.Snapshots)
	case ctx.Err() != nil:
		return err
	default:
		c.note("the server doesn't tell how far it has come, so that the copy was not compared with that: %v", err)
	}
	l, err := c.p.look(ctx, c.client, &c.about, c.last)
	if err != nil {
		return err
	}
	c.look = l
	if c.last == nil {
		c.chain = c.p.chain
		return nil
	}
	c.chain = c.last.Chain
	return c.compare(ctx)
}

func (c *capture) alarm(format string, args ...any) error {
	a := &Alarm{Context: c.p.context, Kind: c.p.kind, Node: c.about.Node, What: fmt.Sprintf(format, args...)}
	if c.last != nil {
		a.Before = c.last.Node
	}
	return a
}

// compare looks whether what the server has goes on from the chain.
func (c *capture) compare(ctx context.Context) error {
	if c.look.closed < c.last.Closed {
		return c.alarm("its last closed segment is %d now, and was %d", c.look.closed, c.last.Closed)
	}
	if n := c.look.lower; n != nil {
		return c.alarm("of the segment %d it names version %d now, and had a higher one", n.number, n.version)
	}
	for i := range c.last.Open {
		o := &c.last.Open[i]
		g := c.look.byNumber[o.Number]
		if g == nil || g.carried != nil {
			return c.alarm("the segment %d, which was open then, is neither open nor closed now", o.Number)
		}
		if g.version == o.Version {
			g.begin = o
		}
	}
	if len(c.last.Segments) == 0 {
		return nil
	}
	k := &c.last.Segments[len(c.last.Segments)-1]
	if g := c.look.byNumber[k.Number]; g == nil || g.carried == nil {
		return nil // transformed since then: it is read as new
	}
	return c.again(ctx, k)
}

// again reads the newest segment of the chain once more: a server that was
// restored has another one there, or none.
func (c *capture) again(ctx context.Context, k *known) error {
	name := k.name(c.p.kind, k.Files[0])
	f, err := c.p.find(ctx, c.client, name, c.look.dirs)
	if errors.Is(err, fs.ErrNotExist) {
		return c.alarm("the segment %s, which was closed then, is gone", name)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if size := uint64(info.Size()); size != k.Files[0].Size {
		return c.alarm("the segment %s, which was closed then, has %d bytes now, and had %d", name, size, k.Files[0].Size)
	}
	pr := newProof(k.Number, nil)
	sum, err := c.p.prove(ctx, f, pr)
	switch {
	case err != nil:
		return err
	case !sum.Whole():
		return c.alarm("the segment %s, which was closed then, is not whole any more: %v", name, &sum.Damages[0])
	case sum.State != segment.Closed:
		return c.alarm("the segment %s, which was closed then, is open again: the server was restored without index files", name)
	case pr.digest() != k.Digest:
		return c.alarm("the segment %s, which was closed then, holds other events now", name)
	}
	return nil
}

// prove reads a file to its end.
func (p *Segments) prove(ctx context.Context, f File, pr *proof) (segment.Summary, error) {
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return segment.Summary{}, context.Cause(ctx)
		}
		n, err := f.Read(buf)
		pr.Write(buf[:n])
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return pr.Finish(), err
		}
	}
}
