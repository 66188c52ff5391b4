package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ivyvault/repo/pick"
	"ivyvault/repo/stats"
	"ivyvault/repo/store"
)

func statsCommand() *cli.Command {
	var filter pick.Filter
	return &cli.Command{
		Name:      "stats",
		Usage:     "measure what snapshots hold and what storing them takes",
		ArgsUsage: "[SNAPSHOT...]",
		Description: `Measures all snapshots, or those that are named: raw bytes are those of all
files as a restore would write them, unique bytes those of all chunks, each
counted once, stored bytes those chunks compressed and sealed. What a snapshot
adds is what none of the measured ones before it holds.

Example:
  ivyvault stats --host engine1`,
		Flags: filterFlags(),
		Before: func(c *cli.Context) (err error) {
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
			all, err := r.Snapshots(c.Context)
			if err != nil {
				return err
			}
			snaps, err := pick.Choose(all, filter, c.Args().Slice())
			if err != nil {
				return err
			}
			report, err := stats.Run(c.Context, r, snaps)
			if err != nil {
				return err
			}
			return out.report(report, func(w io.Writer) { printStats(w, report) })
		},
	}
}

func printStats(w io.Writer, r stats.Report) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "Snapshot\tFiles\tRaw\tUnique added\tStored added\t")
	for _, s := range r.Snapshots {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t\n", s.ID.Short(), s.Files, size(s.Bytes), size(s.Unique), size(s.Stored))
	}
	fmt.Fprintf(t, "all\t%d\t%s\t%s\t%s\t\n", r.Files, size(r.Bytes), size(r.Unique), size(r.Stored))
	t.Flush()
	fmt.Fprintf(w, "\n%d chunks; %s of what is stored are directories\n", r.Chunks, size(r.TreeBytes))
	if r.Stored > 0 {
		fmt.Fprintf(w, "raw : stored is %.2f : 1 (deduplication %.2f, compression %.2f)\n", r.Ratio, r.Dedup, r.Packing)
	}
	if r.Missing > 0 {
		fmt.Fprintf(w, "%d chunks are in no index: 'ivyvault check' tells more\n", r.Missing)
	}
	var count, bytes int64
	for _, name := range store.Types {
		count += r.Objects[string(name)].Count
		bytes += r.Objects[string(name)].Bytes
	}
	packs := r.Objects[string(store.Pack)]
	fmt.Fprintf(w, "the repository holds %d objects, %s; %d packs of them, %s\n", count, size(bytes), packs.Count, size(packs.Bytes))
}
