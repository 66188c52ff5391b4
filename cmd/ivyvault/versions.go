package main

import (
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/history"
	"ivyvault/repo/ls"
	"ivyvault/repo/pick"
	"ivyvault/repo/versions"
)

func versionsCommand() *cli.Command {
	var filter pick.Filter
	return &cli.Command{
		Name:      "versions",
		Usage:     "list the distinct versions of a file over all snapshots",
		ArgsUsage: "PATH",
		Description: `Lists each content that the file had once, oldest first, with the snapshots that
hold it. What 'ivyvault dump SNAPSHOT PATH' brings back is the version of that
snapshot.

Example:
  ivyvault versions /srv/ivy/documents/offer.pdf`,
		Flags: filterFlags(),
		Before: func(c *cli.Context) (err error) {
			if err := wantArgs(c, 1, 1); err != nil {
				return err
			}
			filter, err = readFilter(c)
			return err
		},
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err != nil {
				return err
			}
			r, err := openRepo(c.Context, g, out)
			if err != nil {
				return err
			}
			defer r.Close()
			path, err := filepath.Abs(c.Args().First())
			if err != nil {
				return err
			}
			all, err := r.Snapshots(c.Context)
			if err != nil {
				return err
			}
			snaps, err := pick.Choose(all, filter, nil)
			if err != nil {
				return err
			}
			past, err := history.Open(c.Context, r, nil)
			if err != nil {
				return err
			}
			defer past.Close()
			past.Set(history.Of(snaps))
			found, err := past.Of(c.Context, strings.Trim(path, "/"))
			if err != nil {
				return err
			}
			if len(found) == 0 {
				return fmt.Errorf("no snapshot has a file %s: 'ivyvault find' looks for names: %w", showPath(path), fs.ErrNotExist)
			}
			views := viewVersions(path, found)
			err = out.report(views, func(w io.Writer) { printVersions(w, views) })
			foldVersions(c.Context, r, past, out)
			return err
		},
	}
}

// versionView is one version of a file.
type versionView struct {
	ls.Entry
	Snapshots []repo.Name `json:"snapshots"`
	Hosts     []string    `json:"hosts"`
}

func viewVersions(path string, found []versions.Version) []versionView {
	var views []versionView
	for _, v := range found {
		view := versionView{Entry: ls.EntryOf(strings.Trim(path, "/"), &v.Node, nil)}
		for _, s := range v.Snapshots {
			view.Snapshots = append(view.Snapshots, s.ID)
			if !contains(view.Hosts, s.Host) {
				view.Hosts = append(view.Hosts, s.Host)
			}
		}
		views = append(views, view)
	}
	return views
}

func printVersions(w io.Writer, views []versionView) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "Modified\tSize\tType\tHost\tSnapshots")
	for _, v := range views {
		length := "-"
		if v.Size != nil {
			length = size(int64(*v.Size))
		}
		var ids []string
		for i, id := range v.Snapshots {
			if i == 3 {
				ids = append(ids, fmt.Sprintf("and %d more", len(v.Snapshots)-3))
				break
			}
			ids = append(ids, id.Short())
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", when(v.MTime), length, v.Type, showPaths(v.Hosts), strings.Join(ids, " "))
	}
	t.Flush()
	fmt.Fprintln(w, plural(int64(len(views)), "version", "versions"))
}
