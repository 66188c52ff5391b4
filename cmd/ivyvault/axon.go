package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ivyvault/chunk"
	"ivyvault/repo/ls"
	"ivyvault/repo/pick"
	"ivyvault/repo/tree"
	"ivyvault/sources/axonserver/store"
)

func axonCommand() *cli.Command {
	return &cli.Command{
		Name:  "axon",
		Usage: "prove and read event stores of Axon Server",
		Description: `Reads the files of an event store without a server: in a directory, in a mounted
snapshot, or in a snapshot of the repository.

Example:
  ivyvault axon verify /srv/axonserver/events`,
		Subcommands: []*cli.Command{axonVerifyCommand(), axonEventsCommand()},
	}
}

// axonPlace says where an event store lies.
type axonPlace struct {
	dir      string // of this machine; "" where it is in a snapshot
	snapshot string
	below    string // path in the snapshot
	filter   pick.Filter
}

func axonPlaceFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "snapshot", Usage: "read in `SNAPSHOT[:PATH]` of the repository instead of a directory"},
	}, filterFlags()...)
}

func readAxonPlace(c *cli.Context, verb string) (p axonPlace, err error) {
	if p.filter, err = readFilter(c); err != nil {
		return p, err
	}
	if !c.IsSet("snapshot") {
		if narrows(p.filter) {
			return p, usageError(verb, "--host, --tag and --path choose among snapshots: give --snapshot too")
		}
		if p.dir = c.Args().First(); c.NArg() != 1 || p.dir == "" {
			return p, usageError(verb, "name one directory, which holds the event store, or give --snapshot")
		}
		return p, nil
	}
	p.snapshot, p.below = cutSubpath(c.String("snapshot"))
	if p.snapshot == "" {
		return p, usageError(verb, "--snapshot needs an id, its beginning, or latest")
	}
	if c.NArg() > 0 {
		return p, usageError(verb, "give a directory or --snapshot, not both; a path in the snapshot follows it behind a colon")
	}
	return p, nil
}

// with calls fn with the files of the place.
func (p axonPlace) with(ctx context.Context, g global, out *console, fn func(fs.FS) error) error {
	if p.dir != "" {
		info, err := os.Stat(p.dir)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is no directory: name the one that holds the segments, or one above it", filepath.Clean(p.dir))
		}
		return p.named(fn(os.DirFS(p.dir)))
	}
	r, err := openRepo(ctx, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := findSnapshot(ctx, r, p.snapshot, p.filter)
	if err != nil {
		return err
	}
	rd := tree.NewReader(r, r.Keys().ContentHash, 1<<20)
	n, err := ls.Resolve(ctx, rd, s, p.below)
	if err != nil {
		return err
	}
	if n.Type != tree.Dir {
		return fmt.Errorf("/%s is no directory in snapshot %s: name the one that holds the segments, or one above it", p.below, s.ID.Short())
	}
	return p.named(fn(tree.NewFS(ctx, rd, n.Tree)))
}

// named says where no store was found.
func (p axonPlace) named(err error) error {
	var none *store.NotFoundError
	if !errors.As(err, &none) {
		return err
	}
	where := p.dir
	if where == "" {
		where = p.snapshot + ":" + p.below
	}
	return fmt.Errorf("%s: %w: name the directory of the storage, or of a context", where, err)
}

// isDamage tells stored bytes that are wrong from a file that can't be read.
func isDamage(p *store.Problem) bool {
	return p.Cause != store.Unreadable || errors.Is(p.Err, chunk.ErrDamaged)
}
