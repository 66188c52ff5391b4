package mysql

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"ivyvault/sources"
	"ivyvault/sources/listing"
	"ivyvault/sources/scratch"
)

// Capture dumps the database into a scratch folder; what it returns reads from
// there.
func (p *Part) Capture(ctx context.Context) (sources.Capture, error) {
	c, err := p.capture(ctx)
	if err != nil {
		return nil, p.masked(fmt.Errorf("%s was not captured: %w", p.cfg.where(), err))
	}
	return c, nil
}

// maskedError is an error whose text holds no secret.
type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.err }

func (p *Part) masked(err error) error { return &maskedError{p.env.Mask.Clean(err.Error()), err} }

// capture is a dump that lies in scratch.
type capture struct {
	part   *Part
	dir    *scratch.Dir
	at     time.Time
	desc   *description
	files  []listing.File
	counts map[string]int64
	schema map[string]string
	notes  []string
	hot    bool // some tables are not protected by the transaction
	binlog string
}

var (
	_ sources.Capture   = (*capture)(nil)
	_ sources.Described = (*capture)(nil)
)

// NonTransactionalError says that tables can't be had as of one point in time.
type NonTransactionalError struct{ Tables []string }

func (e *NonTransactionalError) Error() string {
	return fmt.Sprintf("%d tables are not InnoDB's, so no transaction protects them, the first being %s: convert them with ALTER TABLE … ENGINE=InnoDB, or stop what writes and set non-transactional: note", len(e.Tables), e.Tables[0])
}

// OverflowError says that a dump got larger than there is room for it.
type OverflowError struct {
	Where       string
	Size, Limit int64 // bytes
}

func (e *OverflowError) Error() string {
	return fmt.Sprintf("the dump was stopped, for it takes %d MiB in %s, where %d MiB are allowed: free some, or name another place for scratch files with 'scratch:' in the configuration", e.Size>>20, e.Where, e.Limit>>20)
}

// reserve is what a dump leaves free, in bytes.
const reserve = 256 << 20

func (p *Part) capture(ctx context.Context) (_ *capture, err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c := &capture{part: p, at: p.env.Now(), counts: map[string]int64{}}
	if c.dir, err = scratch.New(p.env.Scratch, 0); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.dir.Close())
		}
	}()
	s, err := p.open(ctx, c.dir.Path())
	if err != nil {
		return nil, err
	}
	if err := s.checkRights(ctx, p.cfg.Database); err != nil {
		return nil, err
	}
	before, err := s.fingerprint(ctx, p.cfg.Database)
	if err != nil {
		return nil, err
	}
	if c.desc, err = s.readCatalog(ctx, p.cfg.Database); err != nil {
		return nil, err
	}
	if err := c.engines(); err != nil {
		return nil, err
	}
	dump, err := c.tool(ctx)
	if err != nil {
		return nil, err
	}
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	watching, stop := context.WithCancelCause(ctx)
	var watched errgroup.Group
	watched.Go(func() error {
		c.dir.Watch(watching, limit, func(size int64) { stop(&OverflowError{c.dir.Path(), size, limit}) })
		return nil
	})
	err = c.all(watching, s, dump)
	cause := context.Cause(watching)
	stop(nil)
	_ = watched.Wait() // it returns nothing
	if over := (*OverflowError)(nil); errors.As(cause, &over) {
		return nil, over
	}
	if err != nil {
		return nil, err
	}
	after, err := s.fingerprint(ctx, p.cfg.Database)
	if err != nil {
		return nil, err
	}
	if before != after {
		return nil, errors.New("definitions of tables, routines or triggers were changed while they were dumped, so that the dump is of no one point in time: capture again when nothing is being installed or migrated")
	}
	return c, c.list()
}

// engines refuses or notes what no transaction protects.
func (c *capture) engines() error {
	e := &NonTransactionalError{}
	for _, t := range c.desc.Tables {
		if t.Engine != "InnoDB" && t.Engine != "RocksDB" {
			e.Tables = append(e.Tables, t.key()+" ("+t.Engine+")")
		}
	}
	switch {
	case len(e.Tables) == 0:
		return nil
	case c.part.cfg.NonTransactional != "note":
		return e
	}
	c.hot = true
	c.notes = append(c.notes, fmt.Sprintf("no transaction protects these tables, so they are as they were when each was read: %v", e.Tables))
	return nil
}

// limit checks for room and returns how much the dump may take.
func (c *capture) limit() (int64, error) {
	var need int64
	for _, t := range c.desc.Tables {
		need += t.size
	}
	free, err := scratch.Free(c.dir.Path())
	if err != nil {
		return 0, err
	}
	if free < need+reserve {
		return 0, &scratch.NoRoomError{Where: c.dir.Path(), Need: need + reserve, Free: free}
	}
	limit := free - reserve
	if l := c.part.env.ScratchLimit; l > 0 {
		limit = min(limit, l)
	}
	return limit, nil
}

// Entries yields the description and the scripts.
func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, c.files)
}

// Close removes the scratch folder.
func (c *capture) Close(context.Context) error { return c.dir.Close() }
