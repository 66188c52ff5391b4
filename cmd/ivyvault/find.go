package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/find"
	"ivyvault/repo/pick"
)

type findOptions struct {
	filter    pick.Filter
	snapshots []string
	query     find.Query
	long      bool
}

func findCommand() *cli.Command {
	var o findOptions
	return &cli.Command{
		Name:      "find",
		Usage:     "look for files by name in all snapshots",
		ArgsUsage: "PATTERN...",
		Description: `Looks for what fits one of the patterns, newest snapshot first. A pattern is a
name in which *, ? and [a-z] match, or several with slashes between; one that
begins with a slash is matched from the top.

Example:
  ivyvault find '*.pdf' --oldest 2026-01-01 --snapshot latest -l`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "ignore-case", Aliases: []string{"i"}, Usage: "let a and A be the same"},
			&cli.StringFlag{Name: "oldest", Aliases: []string{"O"}, Usage: "only what was modified at `TIME` or after"},
			&cli.StringFlag{Name: "newest", Aliases: []string{"N"}, Usage: "only what was modified at `TIME` or before"},
			&cli.StringSliceFlag{Name: "type", Usage: "only `TYPE`: file, dir, symlink, fifo, chardev, dev or socket (may be repeated)"},
			&cli.StringFlag{Name: "larger", Usage: "only files of at least `SIZE`"},
			&cli.StringSliceFlag{Name: "snapshot", Aliases: []string{"s"}, Usage: "look in `SNAPSHOT` only (may be repeated)"},
			&cli.BoolFlag{Name: "long", Aliases: []string{"l"}, Usage: "show mode, owner, size and time"},
		}, filterFlags()...),
		Before: func(c *cli.Context) (err error) {
			o = findOptions{snapshots: c.StringSlice("snapshot"), long: c.Bool("long")}
			o.query = find.Query{Patterns: c.Args().Slice(), IgnoreCase: c.Bool("ignore-case"), Types: c.StringSlice("type")}
			for _, t := range o.query.Types {
				known := []string{"file", "dir", "symlink", "fifo", "chardev", "dev", "socket"}
				if !contains(known, t) {
					return usageError("find", "there is no type %q%s", t, nearest(t, known))
				}
			}
			var errs [5]error
			errs[0] = wantArgs(c, 1, -1)
			o.query.Oldest, errs[1] = optionalTime(c.String("oldest"))
			o.query.Newest, errs[2] = optionalTime(c.String("newest"))
			if s := c.String("larger"); s != "" {
				o.query.Larger, errs[3] = parseSize(s)
			}
			o.filter, errs[4] = readFilter(c)
			return errors.Join(errs[:]...)
		},
		Action: func(c *cli.Context) error { return runFind(c, o) },
	}
}

func optionalTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return parseTime(s)
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func runFind(c *cli.Context, o findOptions) error {
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	r, err := openRepo(c.Context, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	all, err := r.Snapshots(c.Context)
	if err != nil {
		return err
	}
	snaps, err := pick.Choose(all, o.filter, o.snapshots)
	if err != nil {
		return err
	}
	for i, j := 0, len(snaps)-1; i < j; i, j = i+1, j-1 {
		snaps[i], snaps[j] = snaps[j], snaps[i]
	}
	list := newListPrinter(out, "", nil, "matches")
	var last repo.Name
	report, err := find.Run(c.Context, r, snaps, o.query, func(s repo.Snapshot, m find.Match) error {
		return list.print(m, func(w io.Writer) {
			if s.ID != last {
				fmt.Fprintf(w, "in snapshot %s of %s, host %s:\n", s.ID.Short(), when(s.Time), showPath(s.Host))
				last = s.ID
			}
			if o.long {
				printLong(w, m.Entry)
			} else {
				fmt.Fprintln(w, showPath(m.Raw))
			}
		})
	})
	if err != nil {
		return errors.Join(err, list.flush())
	}
	if report.Matches == 0 {
		out.notice("", "nothing fits in "+plural(int64(report.Snapshots), "snapshot", "snapshots"))
	}
	return list.end()
}
