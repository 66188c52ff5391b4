package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/pick"
	"ivyvault/repo/restore"
)

type restoreOptions struct {
	filter   pick.Filter
	snapshot string
	run      restore.Options
}

func restoreCommand() *cli.Command {
	var o restoreOptions
	return &cli.Command{
		Name:      "restore",
		Usage:     "write a snapshot, or a part of it, into a directory",
		ArgsUsage: "SNAPSHOT[:PATH]",
		Description: `Writes the tree of the snapshot below the target, under the paths that were
recorded; with PATH, what is in that directory comes directly into the target.
Files that are there already with the same content are left, of others only the
parts that differ are written. Nothing outside of the target is touched. What
can't be restored as it was, such as an owner without root, is named; the exit
code is then 3.

With --system one part of an engine goes back by the means that captured it: a
database into a server, indices into a search server, a directory as files.
SNAPSHOT is then a time as in the mount, an id, or latest, the newest in which
that part is whole. What lives at the target is left without --replace.

Example:
  ivyvault restore latest --target /tmp/back
  ivyvault restore latest:/srv/ivy/documents --target /srv/ivy/documents --delete
  ivyvault restore --system claims --part databases/system --table IWA_Task --to database=spare`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "target", Aliases: []string{"t"}, Usage: "write below `DIR`, which is made where it is missing"},
			&cli.StringSliceFlag{Name: "include", Aliases: []string{"i"}, Usage: "only what matches `PATTERN`, as for backup (may be repeated)"},
			&cli.StringSliceFlag{Name: "iinclude", Usage: "the same, whatever the case of letters in `PATTERN`"},
			&cli.StringSliceFlag{Name: "exclude", Aliases: []string{"e"}, Usage: "leave out what matches `PATTERN` (may be repeated)"},
			&cli.StringSliceFlag{Name: "iexclude", Usage: "the same, whatever the case of letters in `PATTERN`"},
			&cli.StringFlag{Name: "overwrite", Value: "always", Usage: "overwrite files by `RULE`: always, if-changed, if-newer or never"},
			&cli.BoolFlag{Name: "delete", Usage: "remove from the restored directories what the snapshot does not have"},
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "say what would be done, write nothing"},
			&cli.BoolFlag{Name: "verify", Usage: "afterwards read every file again and compare"},
			&cli.BoolFlag{Name: "sparse", Usage: "leave holes for blocks of zeros"},
			&cli.BoolFlag{Name: "no-owner", Usage: "don't set owners and groups"},
		}, append(systemRestoreFlags(), filterFlags()...)...),
		Before: func(c *cli.Context) (err error) {
			least := 1
			if c.String("system") != "" {
				least = 0 // the newest that is whole
			}
			if err := wantArgs(c, least, 1); err != nil {
				return err
			}
			o.run = restore.Options{
				Target: c.String("target"), Include: c.StringSlice("include"), IInclude: c.StringSlice("iinclude"),
				Exclude: c.StringSlice("exclude"), IExclude: c.StringSlice("iexclude"), Overwrite: restore.Overwrite(c.String("overwrite")),
				Delete: c.Bool("delete"), DryRun: c.Bool("dry-run"), Verify: c.Bool("verify"), Sparse: c.Bool("sparse"), NoOwner: c.Bool("no-owner"),
			}
			if c.String("system") != "" {
				if c.String("part") == "" {
					return usageError("restore", "say which part of the system: --part; 'ivyvault system runbook' lists them in their order")
				}
				o.filter, err = readFilter(c)
				return err
			}
			if o.run.Target == "" {
				return usageError("restore", "say where to: --target DIR")
			}
			o.snapshot, o.run.Path = cutSubpath(c.Args().First())
			o.filter, err = readFilter(c)
			return err
		},
		Action: func(c *cli.Context) error {
			if c.String("system") != "" {
				return runRestoreSystem(c, o)
			}
			return runRestore(c, o)
		},
	}
}

func runRestore(c *cli.Context, o restoreOptions) error {
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
	watch := &restoreWatch{out: out, began: time.Now()}
	if s.Stats != nil && o.run.Path == "" && len(o.run.Include)+len(o.run.IInclude) == 0 {
		watch.total = s.Stats.Bytes
	}
	report, err := restore.Run(ctx, r, s.Root.Ref(), o.run, watch)
	if err != nil {
		return err
	}
	err = out.summary(report, func(w io.Writer) { printRestore(w, report, o.run) })
	return errors.Join(err, restoreOutcome(report))
}

func printRestore(w io.Writer, r restore.Report, o restore.Options) {
	verb := "restored"
	if r.DryRun {
		verb = "would restore"
	}
	fmt.Fprintf(w, "%s %s, %d directories, %d others to %s in %s\n", verb, plural(r.Files, "file", "files"), r.Dirs, r.Others,
		showPath(o.Target), clock(time.Duration(r.Duration*float64(time.Second))))
	fmt.Fprintf(w, "%s of files, %s written\n", size(r.Bytes), size(r.Written))
	var also []string
	for _, x := range []struct {
		n    int64
		what string
	}{{r.Unchanged, "unchanged"}, {r.Skipped, "left as they were"}, {r.Deleted, "removed"}, {r.Verified, "verified"}} {
		if x.n > 0 {
			also = append(also, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	if len(also) > 0 {
		fmt.Fprintln(w, strings.Join(also, ", "))
	}
}

// restoreWatch shows how far a restore is.
type restoreWatch struct {
	out   *console
	began time.Time
	total int64 // bytes of the snapshot, 0 if not known

	mu   sync.Mutex
	told time.Time
}

var _ restore.Observer = (*restoreWatch)(nil)

// Finding names something that could not be restored as it was.
func (w *restoreWatch) Finding(f repo.Finding) { w.out.finding(findingPath(f), f.What) }

// Progress draws the state of the moment.
func (w *restoreWatch) Progress(p restore.Progress) {
	passed := time.Since(w.began)
	if w.out.json {
		w.mu.Lock()
		tell := !w.out.quiet && time.Since(w.told) >= time.Second
		if tell {
			w.told = time.Now()
		}
		w.mu.Unlock()
		if tell {
			w.out.status(restoreStatus{"status", p.Files, p.Bytes, p.Written, w.total, passed.Seconds()})
		}
		return
	}
	doing := ""
	if p.Verifying {
		doing = "verifying: "
	}
	line := fmt.Sprintf("[%s] %s%s, %s, %s/s", clock(passed), doing, plural(p.Files, "file", "files"), size(p.Bytes), size(int64(float64(p.Bytes)/max(passed.Seconds(), 0.001))))
	line += remaining(passed, p.Bytes, w.total)
	w.out.draw(line, showPath(p.Current))
}

// remaining shows how much is done and how long the rest takes at the same rate.
func remaining(passed time.Duration, done, total int64) string {
	if total <= 0 || done <= 0 || done > total {
		return ""
	}
	share := float64(done) / float64(total)
	left := time.Duration(float64(passed) * (1 - share) / share)
	return fmt.Sprintf(", %.1f %%, %s left", share*100, clock(left))
}

// restoreStatus is the line of JSON that tells how far a restore is.
type restoreStatus struct {
	Type    string  `json:"type"`
	Files   int64   `json:"files"`
	Bytes   int64   `json:"bytes"`
	Written int64   `json:"bytes_written"`
	Total   int64   `json:"bytes_total,omitempty"`
	Seconds float64 `json:"seconds"`
}
