package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/pick"
)

// filterFlags narrow down snapshots.
func filterFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "host", Aliases: []string{"H"}, Usage: "only snapshots of `HOST` (may be repeated: any of them)"},
		&cli.StringSliceFlag{Name: "tag", Usage: "only snapshots with the `TAGS`, all of those with commas between (may be repeated: any of them)"},
		&cli.StringSliceFlag{Name: "path", Usage: "only snapshots of `PATH` (may be repeated: all of them)"},
	}
}

func readFilter(c *cli.Context) (pick.Filter, error) {
	f := pick.Filter{Hosts: c.StringSlice("host"), Tags: c.StringSlice("tag")}
	for _, p := range c.StringSlice("path") {
		abs, err := filepath.Abs(p)
		if err != nil {
			return f, err
		}
		f.Paths = append(f.Paths, abs)
	}
	return f, nil
}

// findSnapshot returns the snapshot that an argument means.
func findSnapshot(ctx context.Context, r *repo.Repo, what string, f pick.Filter) (repo.Snapshot, error) {
	list, err := r.Snapshots(ctx)
	if err != nil {
		return repo.Snapshot{}, err
	}
	return repo.FindSnapshot(list, what, f.Match)
}

// cutSubpath takes SNAPSHOT:PATH apart.
func cutSubpath(arg string) (snapshot, path string) {
	snapshot, path, _ = strings.Cut(arg, ":")
	return snapshot, path
}
