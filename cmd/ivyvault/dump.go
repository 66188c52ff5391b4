package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ivyvault/repo/dump"
	"ivyvault/repo/pick"
)

type dumpOptions struct {
	filter   pick.Filter
	snapshot string
	run      dump.Options
	target   string
}

func dumpCommand() *cli.Command {
	var o dumpOptions
	return &cli.Command{
		Name:      "dump",
		Usage:     "write a file, or a directory as an archive, to standard output",
		ArgsUsage: "SNAPSHOT PATH",
		Description: `Writes the content of one file to standard output; of a directory, an archive.
With --target it goes to a file, which exists only when all of it was written.

Example:
  ivyvault dump latest /srv/ivy/documents/offer.pdf > offer.pdf
  ivyvault dump latest /srv/ivy/documents | tar -tv`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "archive", Aliases: []string{"a"}, Value: "tar", Usage: "write directories as `KIND`: tar or zip"},
			&cli.StringFlag{Name: "target", Aliases: []string{"t"}, Usage: "write to `FILE`"},
		}, filterFlags()...),
		Before: func(c *cli.Context) (err error) {
			o = dumpOptions{run: dump.Options{Archive: c.String("archive")}, target: c.String("target")}
			var below string
			o.snapshot, below = cutSubpath(c.Args().First())
			switch {
			case below != "" && c.NArg() == 1:
				o.run.Path = below
			case below == "":
				o.run.Path = c.Args().Get(1)
				err = wantArgs(c, 2, 2)
			default:
				err = wantArgs(c, 1, 1)
			}
			var err2 error
			o.filter, err2 = readFilter(c)
			return errors.Join(err, err2)
		},
		Action: func(c *cli.Context) error { return runDump(c, o) },
	}
}

func runDump(c *cli.Context, o dumpOptions) error {
	ctx := c.Context
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	r, err := openRepo(ctx, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := findSnapshot(ctx, r, o.snapshot, o.filter)
	if err != nil {
		return err
	}
	if o.target == "" {
		w := bufio.NewWriterSize(out.out, 256<<10)
		_, err := dump.Run(ctx, r, s, o.run, w)
		return errors.Join(err, w.Flush())
	}
	var report dump.Report
	err = writeWhole(o.target, func(w io.Writer) (err error) {
		report, err = dump.Run(ctx, r, s, o.run, w)
		return err
	})
	if err != nil {
		return err
	}
	return out.summary(report, func(w io.Writer) {
		fmt.Fprintf(w, "wrote %s, %s, to %s\n", plural(report.Files, "file", "files"), size(report.Bytes), showPath(o.target))
	})
}

// writeWhole makes a file that is there only when all of it is.
func writeWhole(path string, fill func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".ivyvault-*")
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 256<<10)
	err = fill(w)
	err = errors.Join(err, w.Flush())
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
