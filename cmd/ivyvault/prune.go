package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/prune"
)

func pruneCommand() *cli.Command {
	var o prune.Options
	return &cli.Command{
		Name:  "prune",
		Usage: "remove what no snapshot needs",
		Description: `Removes packs in which nothing is needed, copies what is needed out of those in
which little is, and removes what broken-off runs left. Backups and mounts may
go on meanwhile, here and elsewhere. A prune that was killed did no harm: the
next one goes on.

Example:
  ivyvault prune --max-unused 10%`,
		Flags:  pruneFlags(),
		Before: func(c *cli.Context) (err error) { o, err = readPrune(c); return err },
		Action: func(c *cli.Context) error {
			if err := wantArgs(c, 0, 0); err != nil {
				return err
			}
			return withRepo(c, func(r *repo.Repo, out *console) error {
				report, err := prune.Run(c.Context, r, o, newPruneWatch(out))
				if err != nil {
					return err
				}
				return out.summary(report, func(w io.Writer) { printPrune(w, report) })
			})
		},
	}
}

func pruneFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "max-unused", Usage: "let unused bytes stay up to `LIMIT`: 5%, 200M or unlimited (default: 5%)"},
		&cli.DurationFlag{Name: "grace", Value: prune.DefaultGrace, Usage: "let what may belong to a backup under way stay for `TIME`; it only spares that backup work"},
		&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "say what would be done, change nothing"},
	}
}

func readPrune(c *cli.Context) (prune.Options, error) {
	o := prune.Options{Grace: c.Duration("grace"), DryRun: c.Bool("dry-run")}
	if o.Grace < 0 {
		return o, usageError(c.Command.Name, "--grace is a time such as 24h or 0")
	}
	if o.Grace == 0 {
		o.Grace = prune.NoGrace
	}
	s := c.String("max-unused")
	if s == "" {
		return o, nil
	}
	var err error
	o.MaxUnused, err = prune.ParseUnused(s)
	return o, err
}

func printPrune(w io.Writer, r prune.Report) {
	did, copied := "removed", "copied"
	if r.DryRun {
		did, copied = "would remove", "would copy"
	}
	packs := func(n int) string { return plural(int64(n), "pack", "packs") }
	fmt.Fprintf(w, "%s %s that nothing needs, %s of broken-off runs\n", did, packs(r.PacksUnused), packs(r.Orphans))
	if r.PacksRepacked > 0 {
		fmt.Fprintf(w, "%s %s out of %s and %s those\n", copied, size(r.BytesRepacked), packs(r.PacksRepacked), strings.TrimPrefix(did, "would "))
	}
	if r.Snapshots+r.IndexRemoved > 0 {
		fmt.Fprintf(w, "%s %s of forgotten snapshots, %s that others took the place of\n", did,
			plural(int64(r.Snapshots), "object", "objects"), plural(int64(r.IndexRemoved), "index file", "index files"))
	}
	if n := r.OrphansWaiting + r.VictimsWaiting; n > 0 {
		fmt.Fprintf(w, "%s wait, in case a backup under way still needs them: prune removes them when the grace is over, or with --grace 0\n", packs(n))
	}
	fmt.Fprintf(w, "%s in %s before, %s after, of which %s are unused\n", size(r.BytesBefore), plural(int64(r.PacksBefore), "pack", "packs"), size(r.BytesAfter), size(r.UnusedAfter))
	for _, n := range r.Notices {
		fmt.Fprintf(w, "notice: %s\n", showText(n))
	}
	if r.DryRun {
		fmt.Fprintln(w, "nothing was changed: this was a dry run")
	}
}

// pruneWatch shows how far a prune is.
type pruneWatch struct {
	out   *console
	began time.Time
	drawn time.Time
	step  string
}

var _ prune.Observer = (*pruneWatch)(nil)

func newPruneWatch(out *console) *pruneWatch { return &pruneWatch{out: out, began: time.Now()} }

// Step shows what is done now.
func (w *pruneWatch) Step(what string) {
	w.step = what
	w.out.draw(fmt.Sprintf("[%s] %s", clock(time.Since(w.began)), what))
}

// Progress draws how much was copied.
func (w *pruneWatch) Progress(done, all int64) {
	if time.Since(w.drawn) < drawEvery {
		return
	}
	w.drawn = time.Now()
	passed := time.Since(w.began)
	w.out.draw(fmt.Sprintf("[%s] %s: %s of %s%s", clock(passed), w.step, size(done), size(all), remaining(passed, done, all)))
}

// Notice is told of what the report holds, too.
func (w *pruneWatch) Notice(string) {}

// drawEvery is the least time between two drawings of progress.
const drawEvery = 100 * time.Millisecond
