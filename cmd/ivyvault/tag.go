package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"ivyvault/repo/pick"
	"ivyvault/repo/tag"
)

type tagOptions struct {
	filter pick.Filter
	ids    []string
	edit   tag.Edit
}

func tagCommand() *cli.Command {
	var o tagOptions
	return &cli.Command{
		Name:      "tag",
		Usage:     "change tags, description or protection of snapshots",
		ArgsUsage: "[SNAPSHOT...]",
		Description: `Changes the snapshots that are named, or without names all that the filters let
through. Their ids stay as they are.

Example:
  ivyvault tag --add release --protect latest`,
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "add", Usage: "add the `TAGS`, several with commas (may be repeated)"},
			&cli.StringSliceFlag{Name: "remove", Usage: "remove the `TAGS`"},
			&cli.StringSliceFlag{Name: "set", Usage: "replace all tags by the `TAGS`; an empty text removes all"},
			&cli.StringFlag{Name: "description", Usage: "replace the description by `TEXT`"},
			&cli.BoolFlag{Name: "protect", Usage: "let forget leave the snapshots"},
			&cli.BoolFlag{Name: "unprotect", Usage: "take the protection away"},
		}, filterFlags()...),
		Before: func(c *cli.Context) (err error) {
			o, err = readTag(c)
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
			all, err := r.Snapshots(c.Context)
			if err != nil {
				return err
			}
			snaps, err := pick.Choose(all, o.filter, o.ids)
			if err != nil {
				return err
			}
			report, err := tag.Run(c.Context, r, snaps, o.edit)
			if err != nil {
				return fmt.Errorf("%d of %d snapshots were changed: %w", len(report.Changed), len(snaps), err)
			}
			return out.summary(report, func(w io.Writer) {
				fmt.Fprintf(w, "changed %s\n", plural(int64(len(report.Changed)), "snapshot", "snapshots"))
			})
		},
	}
}

func readTag(c *cli.Context) (tagOptions, error) {
	o := tagOptions{ids: c.Args().Slice(), edit: tag.Edit{Add: splitTags(c.StringSlice("add")), Remove: splitTags(c.StringSlice("remove"))}}
	if c.IsSet("set") {
		set := splitTags(c.StringSlice("set"))
		o.edit.Set = &set
	}
	if c.IsSet("description") {
		text := c.String("description")
		o.edit.Description = &text
	}
	protect, unprotect := c.Bool("protect"), c.Bool("unprotect")
	if protect || unprotect {
		o.edit.Protected = &protect
	}
	var err error
	o.filter, err = readFilter(c)
	switch {
	case protect && unprotect:
		err = usageError("tag", "--protect and --unprotect exclude each other")
	case o.edit.Set != nil && len(o.edit.Add)+len(o.edit.Remove) > 0:
		err = usageError("tag", "--set goes without --add and --remove")
	case o.edit.Set == nil && len(o.edit.Add)+len(o.edit.Remove) == 0 && o.edit.Description == nil && o.edit.Protected == nil:
		err = usageError("tag", "say what to change: --add, --remove, --set, --description, --protect or --unprotect")
	}
	return o, errors.Join(err)
}
