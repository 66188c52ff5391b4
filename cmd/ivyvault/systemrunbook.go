package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/system"
)

func systemRunbookCommand() *cli.Command {
	return &cli.Command{
		Name:      "runbook",
		Usage:     "print the steps that restore a snapshot of a system",
		ArgsUsage: "NAME [SNAPSHOT]",
		Description: `Prints the run book that was written when the snapshot was taken: versions that
have to match, and each step of a restore in its order. SNAPSHOT is latest, the
newest that is whole, if not given; a time as in the mount; or an id.

Example:
  ivyvault system runbook claims`,
		Before: func(c *cli.Context) error { return wantArgs(c, 1, 2) },
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
			st, err := openSystem(c.Context, r, c.Args().First(), c.Args().Get(1), "")
			if err != nil {
				return err
			}
			text, err := st.RunBook()
			if err != nil {
				return err
			}
			return out.report(map[string]string{"system": c.Args().First(), "snapshot_id": st.Snapshot.ID.String(), "text": text}, func(w io.Writer) { fmt.Fprint(w, text) })
		},
	}
}

// openSystem opens the snapshot of a system that the user means.
func openSystem(ctx context.Context, r *repo.Repo, name, what, part string) (*system.Stored, error) {
	if what == "" {
		what = "latest"
	}
	list, lost, err := r.ReadableSnapshots(ctx)
	if err != nil {
		return nil, err
	}
	snap, err := system.Find(list, name, what, part)
	if err != nil && lost != nil {
		return nil, errors.Join(err, lost)
	}
	if err != nil {
		return nil, err
	}
	return system.Open(ctx, r, snap)
}
