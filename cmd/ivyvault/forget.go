package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/forget"
	"ivyvault/repo/pick"
	"ivyvault/repo/prune"
)

type forgetOptions struct {
	ids    []string
	filter pick.Filter
	run    forget.Options
	prune  *prune.Options // afterwards; nil: not
}

func forgetCommand() *cli.Command {
	var o forgetOptions
	return &cli.Command{
		Name:      "forget",
		Usage:     "end snapshots, by name or by a policy",
		ArgsUsage: "[SNAPSHOT...]",
		Description: `Ends the snapshots that are named, or of each group those that no --keep flag
keeps. Of each hour, day and so on the newest complete snapshot counts.
Protected ones stay. What was stored stays until a prune. With --dry-run it is
only said what would be done, and why each snapshot is kept.

Example:
  ivyvault forget --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --dry-run
  ivyvault forget --system claims --prune`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "keep-last", Aliases: []string{"l"}, Usage: "keep the `N` newest; unlimited keeps all"},
			&cli.StringFlag{Name: "keep-hourly", Usage: "keep one of each of the `N` newest hours"},
			&cli.StringFlag{Name: "keep-daily", Aliases: []string{"d"}, Usage: "keep one of each of the `N` newest days"},
			&cli.StringFlag{Name: "keep-weekly", Aliases: []string{"w"}, Usage: "keep one of each of the `N` newest weeks"},
			&cli.StringFlag{Name: "keep-monthly", Aliases: []string{"m"}, Usage: "keep one of each of the `N` newest months"},
			&cli.StringFlag{Name: "keep-yearly", Aliases: []string{"y"}, Usage: "keep one of each of the `N` newest years"},
			&cli.StringFlag{Name: "keep-within", Usage: "keep all of the last `TIME`, such as 1y5m7d2h"},
			&cli.StringSliceFlag{Name: "keep-tag", Usage: "keep those with the `TAGS`, all of those with commas between (may be repeated)"},
			&cli.StringFlag{Name: "group-by", Aliases: []string{"g"}, Value: "host,paths", Usage: "apply the policy to each group by `WHAT`: host, paths, tags, or several with commas"},
			&cli.BoolFlag{Name: "unsafe-allow-remove-all", Usage: "allow a policy to end every snapshot of a group"},
			&cli.BoolFlag{Name: "prune", Usage: "prune afterwards, where something was forgotten"},
			&cli.StringFlag{Name: "system", Usage: "only snapshots of the system `NAME`, by the retention of its section where no --keep flag is given"},
			configFlag(),
		}, append(pruneFlags(), filterFlags()...)...),
		Before: func(c *cli.Context) (err error) {
			o, err = readForget(c)
			return err
		},
		Action: func(c *cli.Context) error {
			if name := c.String("system"); name != "" {
				if err := o.ofSystem(c, name); err != nil {
					return err
				}
			}
			return withRepo(c, func(r *repo.Repo, out *console) error { return runForget(c, r, out, o) })
		},
	}
}

func readForget(c *cli.Context) (forgetOptions, error) {
	o := forgetOptions{ids: c.Args().Slice(), run: forget.Options{RemoveAll: c.Bool("unsafe-allow-remove-all"), DryRun: c.Bool("dry-run")}}
	p := &o.run.Policy
	var errs []error
	for _, rule := range []struct {
		flag string
		to   *int
	}{
		{"keep-last", &p.Last}, {"keep-hourly", &p.Hourly}, {"keep-daily", &p.Daily},
		{"keep-weekly", &p.Weekly}, {"keep-monthly", &p.Monthly}, {"keep-yearly", &p.Yearly},
	} {
		n, err := readCount(c.String(rule.flag), rule.flag)
		*rule.to = n
		errs = append(errs, err)
	}
	if s := c.String("keep-within"); s != "" {
		d, err := forget.ParseDuration(s)
		p.Within = d
		errs = append(errs, err)
	}
	for _, list := range c.StringSlice("keep-tag") {
		p.Tags = append(p.Tags, splitTags([]string{list}))
	}
	by, err := pick.ParseBy(c.String("group-by"))
	o.run.GroupBy = forget.GroupBy(by)
	f, err2 := readFilter(c)
	o.filter, o.run.Filter = f, f.Match
	if len(o.ids) > 0 && !p.Empty() {
		errs = append(errs, usageError("forget", "name snapshots, or say what to keep"))
	}
	if c.Bool("prune") {
		p, err := readPrune(c)
		o.prune = &p
		errs = append(errs, err)
	}
	return o, errors.Join(append(errs, err, err2)...)
}

// ofSystem narrows the run to one system, with the retention of its section
// where the flags say nothing.
func (o *forgetOptions) ofSystem(c *cli.Context, name string) error {
	if len(o.ids) > 0 {
		return usageError("forget", "name snapshots, or a system")
	}
	filter := o.run.Filter
	o.run.Filter = func(s repo.Snapshot) bool {
		info, ok := s.SystemInfo()
		return ok && info.Name == name && (filter == nil || filter(s))
	}
	if !o.run.Policy.Empty() {
		return nil
	}
	s, err := loadSystem(c, name)
	if err != nil {
		return err
	}
	if o.run.Policy, err = s.conf.Retention.Policy(); err != nil {
		return err
	}
	if o.run.Policy.Empty() {
		return fmt.Errorf("the section of the system %s in %s has no 'retention': say there or by flags what to keep", name, s.file.Path())
	}
	return nil
}

// readCount reads a number of snapshots; "" is none.
func readCount(s, flag string) (int, error) {
	if s == "" {
		return 0, nil
	}
	if s == "unlimited" {
		return forget.All, nil
	}
	var n int
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil || n < 0 || fmt.Sprint(n) != s {
		return 0, usageError("forget", "--%s is a number of snapshots, or unlimited", flag)
	}
	return n, nil
}

func runForget(c *cli.Context, r *repo.Repo, out *console, o forgetOptions) error {
	if len(o.ids) > 0 {
		all, lost, err := r.ReadableSnapshots(c.Context)
		if err != nil {
			return err
		}
		if lost != nil {
			if slices.ContainsFunc(o.ids, func(id string) bool { return strings.HasPrefix(id, "latest") }) {
				return lost
			}
			all = append(all, lost.Lost...)
		}
		chosen, err := pick.Choose(all, o.filter, o.ids)
		if err != nil {
			return err
		}
		for _, s := range chosen {
			o.run.IDs = append(o.run.IDs, s.ID)
		}
	}
	report, err := forget.Run(c.Context, r, o.run, forgetWatch{out})
	var gone *forget.AllGoneError
	if errors.As(err, &gone) {
		return fmt.Errorf("%w: --unsafe-allow-remove-all allows it", err)
	}
	if err != nil {
		return err
	}
	if o.prune == nil || report.Forgotten == 0 || report.DryRun {
		return out.summary(report, func(w io.Writer) { printForget(w, report, len(o.ids) > 0) })
	}
	both := struct {
		forget.Report
		Prune prune.Report `json:"prune"`
	}{Report: report}
	both.Prune, err = prune.Run(c.Context, r, *o.prune, newPruneWatch(out))
	if err != nil {
		return fmt.Errorf("%s forgotten, but the prune failed: %w", plural(int64(report.Forgotten), "snapshot was", "snapshots were"), err)
	}
	return out.summary(both, func(w io.Writer) {
		printForget(w, report, len(o.ids) > 0)
		printPrune(w, both.Prune)
	})
}

func printForget(w io.Writer, r forget.Report, named bool) {
	for _, g := range r.Groups {
		if named {
			break
		}
		var title []string
		if g.Host != "" {
			title = append(title, "host "+showPath(g.Host))
		}
		if len(g.Paths) > 0 {
			title = append(title, "paths "+showPaths(g.Paths))
		}
		if len(g.Tags) > 0 {
			title = append(title, "tags "+showPaths(g.Tags))
		}
		fmt.Fprintf(w, "%s:\n", strings.Join(append(title, fmt.Sprintf("%d to keep, %d to forget", len(g.Keep), len(g.Remove))), ", "))
		for _, e := range g.Keep {
			fmt.Fprintf(w, "  keep    %s  %s  %s\n", e.ID.Short(), when(e.Time), showText(strings.Join(e.Reasons, ", ")))
		}
		for _, e := range g.Remove {
			fmt.Fprintf(w, "  forget  %s  %s\n", e.ID.Short(), when(e.Time))
		}
	}
	if r.DryRun {
		fmt.Fprintf(w, "would forget %s: nothing was changed\n", plural(int64(r.Forgotten), "snapshot", "snapshots"))
		return
	}
	fmt.Fprintf(w, "forgot %s\n", plural(int64(r.Forgotten), "snapshot", "snapshots"))
}

// forgetWatch passes remarks on; groups stand in the report.
type forgetWatch struct{ out *console }

var _ forget.Observer = forgetWatch{}

// Group is told of what the report holds, too.
func (forgetWatch) Group(forget.GroupReport) {}

// Notice passes a remark on.
func (w forgetWatch) Notice(what string) { w.out.notice("", what) }
