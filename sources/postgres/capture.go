package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
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

// capture is a dump that lies in scratch.
type capture struct {
	part    *Part
	dir     *scratch.Dir
	at      time.Time
	desc    *description
	data    map[string]*data // by path in the captured tree
	files   []listing.File
	counted map[string]int64 // rows as the server counted them, by table
	schema  map[string]string
	notes   []string
}

var (
	_ sources.Capture   = (*capture)(nil)
	_ sources.Described = (*capture)(nil)
)

func (p *Part) capture(ctx context.Context) (_ *capture, err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	conn, err := p.connect(ctx, p.cfg.Database)
	if err != nil {
		return nil, err
	}
	// What was begun only reads, so it is left as it is: to roll it back would
	// wait for an answer, and a server that stands still gives none.
	defer leave(ctx, conn)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	var point string
	if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot()`).Scan(&point); err != nil {
		return nil, fmt.Errorf("no point in time can be had of the server: %w", err)
	}
	c := &capture{part: p, at: p.env.Now(), data: map[string]*data{}, counted: map[string]int64{}}
	if c.desc, err = readCatalog(ctx, tx); err != nil {
		return nil, err
	}
	if err := checkRights(ctx, tx, c.desc.ServerMajor); err != nil {
		return nil, err
	}
	tools, err := p.find(ctx, c.desc.ServerMajor, "the server "+c.desc.Server)
	if err != nil {
		return nil, err
	}
	c.desc.Tool, c.desc.ToolMajor = "pg_dump "+tools.version, tools.major
	if c.dir, err = scratch.New(p.env.Scratch, c.estimate()); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.dir.Close())
		}
	}()
	if err := c.dump(ctx, tx, tools, point); err != nil {
		return nil, err
	}
	return c, c.list(ctx, tools)
}

// estimate is how many bytes the dump will take, as far as tables tell: their
// text is smaller than their pages, but what is compressed in them gets larger.
func (c *capture) estimate() int64 {
	sum := c.desc.Database.LargeBytes
	for _, t := range c.desc.Tables {
		sum += t.Size
	}
	return sum
}

// dump runs pg_dump and pg_dumpall while our own connection, which holds the
// point in time, counts and looks up.
func (c *capture) dump(ctx context.Context, tx pgx.Tx, tools *programs, point string) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	g, both := errgroup.WithContext(ctx)
	env, err := c.part.passFile(ctx, c.dir.Path())
	if err != nil {
		return err
	}
	watching, end := context.WithCancel(ctx)
	var watched errgroup.Group
	watched.Go(func() error {
		c.dir.Watch(watching, limit, func(size int64) { stop(&OverflowError{c.dir.Path(), size, limit}) })
		return nil
	})
	g.Go(func() error { return c.archive(both, tools, env, point) })
	g.Go(func() error { return c.ask(both, tx) })
	err = g.Wait()
	if err == nil {
		err = c.globals(ctx, tx, tools, env)
	}
	end()
	_ = watched.Wait() // it returns nothing
	if over := (*OverflowError)(nil); errors.As(context.Cause(ctx), &over) {
		return over
	}
	return err
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

func (c *capture) limit() (int64, error) {
	free, err := scratch.Free(c.dir.Path())
	if err != nil {
		return 0, err
	}
	limit := free - reserve
	if l := c.part.env.ScratchLimit; l > 0 {
		limit = min(limit, l)
	}
	return limit, nil
}

// Entries yields the description, the archive, the globals and the schema.
func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, c.files)
}

// Close removes the scratch folder.
func (c *capture) Close(context.Context) error { return c.dir.Close() }
