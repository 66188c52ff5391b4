package main

import (
	"context"
	"errors"
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

// findSnapshot returns the snapshot that an argument means. Where some can't be
// read, only an id says for sure which of the others is meant.
func findSnapshot(ctx context.Context, r *repo.Repo, what string, f pick.Filter) (repo.Snapshot, error) {
	list, lost, err := r.ReadableSnapshots(ctx)
	if err != nil {
		return repo.Snapshot{}, err
	}
	if lost != nil && strings.HasPrefix(what, "latest") {
		return repo.Snapshot{}, lost
	}
	s, err := repo.FindSnapshot(list, what, f.Match)
	if err != nil && lost != nil {
		return s, errors.Join(err, lost)
	}
	return s, err
}

// cutSubpath takes SNAPSHOT:PATH apart.
func cutSubpath(arg string) (snapshot, path string) {
	snapshot, path, _ = strings.Cut(arg, ":")
	return snapshot, path
}
