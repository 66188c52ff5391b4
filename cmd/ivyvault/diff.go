package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/diff"
)

func diffCommand() *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "show what differs between two snapshots",
		ArgsUsage: "SNAPSHOT[:PATH] SNAPSHOT[:PATH]",
		Description: `Shows what differs from the first snapshot to the second, or between directories
in them: + added, - removed, M content changed, T type changed, and with
--metadata U for other attributes.

Example:
  ivyvault diff latest~1 latest`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "metadata", Usage: "also show what differs in mode, owner, times or extended attributes only"},
		},
		Before: func(c *cli.Context) error { return wantArgs(c, 2, 2) },
		Action: runDiff,
	}
}

func runDiff(c *cli.Context) error {
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
	var sides [2]diff.Side
	for i := range sides {
		what, path := cutSubpath(c.Args().Get(i))
		s, err := repo.FindSnapshot(all, what, nil)
		if err != nil {
			return err
		}
		sides[i] = diff.Side{Snapshot: s, Path: path}
	}
	list := newListPrinter(out, "", nil, "changes")
	report, err := diff.Run(c.Context, r, sides[0], sides[1], func(d diff.Change) error {
		if d.Kind == diff.Metadata && !c.Bool("metadata") {
			return nil
		}
		return list.print(d, func(w io.Writer) { fmt.Fprintf(w, "%s  %s\n", d.Kind, showPath(d.Path())) })
	})
	if err != nil {
		return errors.Join(err, list.flush())
	}
	if g.json {
		return errors.Join(list.field("summary", report), list.end())
	}
	if err := list.end(); err != nil {
		return err
	}
	return out.summary(report, func(w io.Writer) { printDiff(w, report) })
}

func printDiff(w io.Writer, r diff.Report) {
	row := func(name string, c diff.Count) {
		fmt.Fprintf(w, "%-9s %6d files, %6d directories, %6d others, %s\n", name, c.Files, c.Dirs, c.Others, size(c.Bytes))
	}
	fmt.Fprintln(w)
	row("added:", r.Added)
	row("removed:", r.Removed)
	row("modified:", r.Modified)
}
