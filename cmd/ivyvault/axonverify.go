package main

import (
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/chunk"
	"ivyvault/sources/axonserver/store"
)

func axonVerifyCommand() *cli.Command {
	var p axonPlace
	var readers int
	return &cli.Command{
		Name:      "verify",
		Usage:     "prove that all events are there and whole",
		ArgsUsage: "PATH",
		Description: `Reads every segment of an event store and proves framing, checksums, what lies
behind the last event, that no token is missing, that index files are all there
or none, and that no snapshot is ahead of its events. PATH is the directory of a
context or one above it. What is wrong is named with the file, the place in it
and what to do; the exit code is then 13.

Example:
  ivyvault axon verify /srv/axonserver/events
  ivyvault axon verify --snapshot latest:/srv/axonserver/events`,
		Flags: append([]cli.Flag{
			&cli.IntFlag{Name: "read-concurrency", Usage: "read `N` segments at a time (otherwise one for each processor)"},
		}, axonPlaceFlags()...),
		Before: func(c *cli.Context) (err error) {
			if readers = c.Int("read-concurrency"); readers < 0 || c.IsSet("read-concurrency") && readers == 0 {
				return usageError("axon verify", "--read-concurrency is a number above 0")
			}
			p, err = readAxonPlace(c, "axon verify")
			return err
		},
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err != nil {
				return err
			}
			return p.with(c.Context, g, out, func(fsys fs.FS) error { return runAxonVerify(c, out, fsys, readers) })
		},
	}
}

func runAxonVerify(c *cli.Context, out *console, fsys fs.FS, readers int) error {
	watch := &axonWatch{out: out, began: time.Now()}
	report, err := store.Verify(c.Context, fsys, store.Options{Readers: readers, Progress: watch.progress})
	if err != nil {
		return err
	}
	if err := out.report(report, func(w io.Writer) { printAxon(w, report, out) }); err != nil {
		return err
	}
	damages, unread := 0, 0
	for i := range report.Contexts {
		for j := range report.Contexts[i].Problems {
			if isDamage(&report.Contexts[i].Problems[j]) {
				damages++
			} else {
				unread++
			}
		}
	}
	switch {
	case damages > 0:
		return &chunk.DamageError{What: "the event store", How: plural(int64(damages+unread), "thing", "things") + " found, as named above"}
	case unread > 0:
		return fmt.Errorf("%s can't be read, as named above: nothing is proven until all can be", plural(int64(unread), "segment", "segments"))
	}
	return nil
}

func printAxon(w io.Writer, r *store.Report, out *console) {
	for _, c := range r.Contexts {
		for i := range c.Problems {
			p := &c.Problems[i]
			at, label := "", "DAMAGE "
			if !isDamage(p) {
				label = "UNREAD "
			}
			if p.Offset >= 0 {
				at = fmt.Sprintf(" at byte %d", p.Offset)
			}
			fmt.Fprintf(w, "%s %s%s: %s\n        what to do: %s\n", label, showPath(p.File), at, showText(p.What), showText(p.Do))
		}
	}
	if out.quiet {
		return
	}
	for _, c := range r.Contexts {
		for _, n := range c.Notices {
			fmt.Fprintf(w, "notice: %s\n", showText(n))
		}
	}
	for _, c := range r.Contexts {
		fmt.Fprintf(w, "context %s: %s\n", showPath(c.Context), axonSeries(c.Events, "event", "events"))
		if c.Snapshots.Segments > 0 {
			fmt.Fprintf(w, "context %s: %s; the latest of %s looked for among the events\n", showPath(c.Context),
				axonSeries(c.Snapshots, "snapshot", "snapshots"), plural(c.Compared, "aggregate", "aggregates"))
		}
		if len(c.Problems) == 0 && c.Events.Events > 0 {
			fmt.Fprintf(w, "context %s: all events from token %d to %d are there and whole\n", showPath(c.Context), c.Events.First, c.Events.Last)
		}
	}
	fmt.Fprintf(w, "read %s in %s\n", size(r.Bytes), clock(time.Duration(r.Seconds*float64(time.Second))))
	if !r.Damaged {
		fmt.Fprintln(w, "no damage was found")
	}
}

func axonSeries(s store.SeriesReport, one, many string) string {
	return fmt.Sprintf("%s in %s, %d closed, %d with index", plural(s.Events, one, many), plural(int64(s.Segments), "segment", "segments"), s.Closed, s.Indexed)
}

// axonWatch shows how far a verification is.
type axonWatch struct {
	out   *console
	began time.Time
	told  time.Time
}

// axonStatus is the line of JSON that tells how far a verification is.
type axonStatus struct {
	Type        string  `json:"type"`
	Segments    int     `json:"segments"`
	SegmentsAll int     `json:"segments_total"`
	Bytes       int64   `json:"bytes"`
	BytesAll    int64   `json:"bytes_total"`
	Problems    int     `json:"problems"`
	Seconds     float64 `json:"seconds"`
}

func (w *axonWatch) progress(p store.Progress) {
	passed := time.Since(w.began)
	if w.out.json && !w.out.quiet && time.Since(w.told) >= time.Second {
		w.told = time.Now()
		w.out.status(axonStatus{"status", p.Segments, p.SegmentsAll, p.Bytes, p.BytesAll, p.Problems, passed.Seconds()})
	}
	line := fmt.Sprintf("[%s] %d of %s, %s/s%s", clock(passed), p.Segments, plural(int64(p.SegmentsAll), "segment", "segments"),
		size(int64(float64(p.Bytes)/max(passed.Seconds(), 0.001))), remaining(passed, p.Bytes, p.BytesAll))
	if p.Problems > 0 {
		line += fmt.Sprintf(", DAMAGE: %d", p.Problems)
	}
	w.out.draw(line)
}
