package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/forget"
	"ivyvault/repo/pick"
)

type snapshotsOptions struct {
	filter  pick.Filter
	by      pick.By
	grouped bool
	latest  int
	compact bool
}

func snapshotsCommand() *cli.Command {
	var o snapshotsOptions
	return &cli.Command{
		Name:      "snapshots",
		Usage:     "list the snapshots",
		ArgsUsage: "[SNAPSHOT...]",
		Description: `Lists the snapshots, oldest first. An incomplete one is marked with an
exclamation mark, a protected one with a plus sign.

Example:
  ivyvault snapshots --host engine1 --latest 3`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "compact", Aliases: []string{"c"}, Usage: "one line a snapshot"},
			&cli.StringFlag{Name: "group-by", Aliases: []string{"g"}, Usage: "group by `WHAT`: host, paths, tags, or several with commas"},
			&cli.IntFlag{Name: "latest", Usage: "only the `N` newest of each host and paths"},
		}, filterFlags()...),
		Before: func(c *cli.Context) (err error) {
			o = snapshotsOptions{grouped: c.String("group-by") != "", latest: c.Int("latest"), compact: c.Bool("compact")}
			if c.IsSet("latest") && o.latest < 1 {
				return usageError("snapshots", "--latest is a number of snapshots, at least 1")
			}
			var err2 error
			o.by, err = pick.ParseBy(c.String("group-by"))
			o.filter, err2 = readFilter(c)
			return errors.Join(err, err2)
		},
		Action: func(c *cli.Context) error { return runSnapshots(c, o) },
	}
}

// snapshotView is a snapshot as JSON shows it: with its id.
type snapshotView struct {
	ID      repo.Name `json:"id"`
	ShortID string    `json:"short_id"`
	repo.Snapshot
}

func viewOf(s repo.Snapshot) snapshotView { return snapshotView{s.ID, s.ID.Short(), s} }

// groupView is a group of snapshots as JSON shows it.
type groupView struct {
	Host      string         `json:"host,omitempty"`
	Paths     []string       `json:"paths,omitempty"`
	Tags      []string       `json:"tags,omitempty"`
	Snapshots []snapshotView `json:"snapshots"`
}

func runSnapshots(c *cli.Context, o snapshotsOptions) error {
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	r, err := openRepo(c.Context, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	all, lost, err := r.ReadableSnapshots(c.Context)
	if err != nil {
		return err
	}
	list, err := pick.Choose(all, o.filter, c.Args().Slice())
	if err != nil && lost != nil {
		return errors.Join(err, lost)
	}
	if err != nil {
		return err
	}
	if o.latest > 0 {
		list = pick.Newest(list, o.latest)
	}
	groups := forget.Groups(list, forget.GroupBy(o.by))
	views := make([]groupView, len(groups))
	for i, g := range groups {
		views[i] = groupView{Host: g.Host, Paths: g.Paths, Tags: g.Tags}
		for _, s := range g.Snapshots {
			views[i].Snapshots = append(views[i].Snapshots, viewOf(s))
		}
	}
	var value any = views
	if !o.grouped {
		flat := []snapshotView{}
		for _, s := range list {
			flat = append(flat, viewOf(s))
		}
		value = flat
	}
	err = out.report(value, func(w io.Writer) {
		for _, g := range groups {
			if o.grouped {
				fmt.Fprintf(w, "%s:\n", groupTitle(g, o.by))
			}
			printSnapshots(w, g.Snapshots, o.compact)
		}
		fmt.Fprintln(w, plural(int64(len(list)), "snapshot", "snapshots"))
	})
	if err == nil && lost != nil {
		return lost
	}
	return err
}

func groupTitle(g forget.Group, by pick.By) string {
	var parts []string
	if by.Host {
		parts = append(parts, "host "+showPath(g.Host))
	}
	if by.Paths {
		parts = append(parts, "paths "+showPaths(g.Paths))
	}
	if by.Tags {
		parts = append(parts, "tags "+showPaths(g.Tags))
	}
	return strings.Join(parts, ", ")
}

func showPaths(list []string) string {
	var out []string
	for _, p := range list {
		out = append(out, showPath(p))
	}
	return strings.Join(out, ", ")
}

func printSnapshots(w io.Writer, list []repo.Snapshot, compact bool) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if compact {
		fmt.Fprintln(t, "ID\tTime\tHost\tTags\t")
	} else {
		fmt.Fprintln(t, "ID\tTime\tHost\tTags\tFiles\tSize\tPaths")
	}
	for _, s := range list {
		id := s.ID.Short()
		if s.Incomplete {
			id += "!"
		}
		if s.Protected {
			id += "+"
		}
		tags := showPath(strings.Join(s.Tags, ","))
		if compact {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", id, when(s.Time), showPath(s.Host), tags)
			continue
		}
		files, bytes := "", ""
		if s.Stats != nil {
			files, bytes = fmt.Sprint(s.Stats.Files), size(s.Stats.Bytes)
		}
		for i, p := range append([]string{}, s.Paths...) {
			if i == 0 {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", id, when(s.Time), showPath(s.Host), tags, files, bytes, showPath(p))
			} else {
				fmt.Fprintf(t, "\t\t\t\t\t\t%s\n", showPath(p))
			}
		}
		if s.Description != "" {
			fmt.Fprintf(t, "\t\t\t\t\t\t(%s)\n", showPath(s.Description))
		}
	}
	t.Flush()
}
