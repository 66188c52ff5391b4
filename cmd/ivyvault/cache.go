package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/repo/cachedir"
)

func cacheCommand() *cli.Command {
	return &cli.Command{
		Name:  "cache",
		Usage: "list or remove local caches",
		Description: `The local cache holds what can be made anew from the repository, and how far this
machine has read each log: without that, a repository that was rolled back in
the meantime is not noticed. A backup key without its cache reads everything
once.

Example:
  ivyvault cache list`,
		Subcommands: []*cli.Command{cacheListCommand(), cacheCleanCommand()},
	}
}

var errNoCache = errors.New("there is no cache folder: give one with --cache-dir")

func cacheListCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the caches of all repositories",
		Description: `Lists the caches with their sizes and when they were used last.

Example:
  ivyvault cache list`,
		Before: func(c *cli.Context) error { return wantArgs(c, 0, 0) },
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err == nil && g.cacheDir == "" {
				err = errNoCache
			}
			if err != nil {
				return err
			}
			report, err := cachedir.List(c.Context, g.cacheDir)
			if err != nil {
				return err
			}
			return out.report(report, func(w io.Writer) { printCaches(w, report, "in "+showPath(g.cacheDir)) })
		},
	}
}

func cacheCleanCommand() *cli.Command {
	return &cli.Command{
		Name:  "clean",
		Usage: "remove caches that were not used for long",
		Description: `Removes the caches of repositories that were not used for some days; with
--days 0 all. Nothing in any repository is touched.

Example:
  ivyvault cache clean --days 90`,
		Flags:  []cli.Flag{&cli.IntFlag{Name: "days", Value: 30, Usage: "remove what was not used for `N` days"}},
		Before: func(c *cli.Context) error { return wantArgs(c, 0, 0) },
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err == nil && g.cacheDir == "" {
				err = errNoCache
			}
			if err == nil && c.Int("days") < 0 {
				err = usageError("cache clean", "--days is a number of days, 0 for all")
			}
			if err != nil {
				return err
			}
			report, err := cachedir.Clean(c.Context, g.cacheDir, time.Now().AddDate(0, 0, -c.Int("days")))
			if err != nil {
				return err
			}
			return out.summary(report, func(w io.Writer) { printCaches(w, report, "removed") })
		},
	}
}

func printCaches(w io.Writer, r cachedir.Report, what string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range r.Folders {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Repository, when(f.Used), size(f.Size))
	}
	t.Flush()
	fmt.Fprintf(w, "%s, %s, %s\n", plural(int64(len(r.Folders)), "cache", "caches"), size(r.Size), what)
}
