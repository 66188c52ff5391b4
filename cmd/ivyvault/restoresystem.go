package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/chunk"
	"ivyvault/repo/restore"
	"ivyvault/sources"
	"ivyvault/sources/secret"
	"ivyvault/system"
	"ivyvault/system/build"
	"ivyvault/system/config"
)

func systemRestoreFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "system", Usage: "restore a part of the system `NAME`: see --part and --to"},
		&cli.StringFlag{Name: "part", Usage: "with --system: the `PART`, such as databases/system"},
		&cli.StringSliceFlag{Name: "to", Usage: "with --system: `WHERE` to: a directory; 'original'; or KEY=VALUE in the words of the part's section (may be repeated)"},
		&cli.StringSliceFlag{Name: "only", Aliases: []string{"table"}, Usage: "with --part: only this `TABLE`, index, object or file (may be repeated)"},
		&cli.BoolFlag{Name: "replace", Usage: "with --part: replace what lives at the target"},
		configFlag(),
	}
}

// restored is what a restore of a part reports.
type restored struct {
	System   string `json:"system"`
	Part     string `json:"part"`
	Snapshot string `json:"snapshot_id"`
	sources.Restored
	Seconds float64 `json:"duration_seconds"`
}

func runRestoreSystem(c *cli.Context, o restoreOptions) error {
	ctx := c.Context
	name, part := c.String("system"), c.String("part")
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	if path := c.String("config"); path != "" {
		f, err := config.Read(path)
		if err != nil {
			return err
		}
		g.takeRepository(f)
	}
	r, err := openRepo(ctx, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	st, err := openSystem(ctx, r, name, c.Args().First(), part)
	if err != nil {
		return err
	}
	done, err := st.Part(part)
	if err != nil {
		return err
	}
	to := c.StringSlice("to")
	if done.Kind == build.FolderKind {
		return restoreFolderPart(c, o, out, st, part, to)
	}
	mask := &secret.Mask{}
	began := time.Now()
	target, err := restoreTarget(ctx, c, st, name, part, to, build.Env{Mask: mask, Log: func(line string) {
		if out.verbose > 0 {
			out.notice("", mask.Clean(line))
		}
	}})
	if err != nil {
		return maskError(mask, err)
	}
	got, err := st.Restore(ctx, part, target, sources.RestoreOptions{
		Only: c.StringSlice("only"), Replace: c.Bool("replace"), Progress: func(line string) { out.notice("", mask.Clean(line)) },
	})
	if err != nil {
		return maskError(mask, err)
	}
	rep := restored{name, part, st.Snapshot.ID.String(), got, time.Since(began).Seconds()}
	return out.summary(rep, func(w io.Writer) { printRestored(w, rep) })
}

// restoreTarget makes the part that things go to: the section as it was when
// the snapshot was taken, or as it stands in the configuration that was named,
// with the changes that --to asks for.
func restoreTarget(ctx context.Context, c *cli.Context, st *system.Stored, name, part string, to []string, env build.Env) (sources.Restorer, error) {
	if len(to) == 0 {
		return nil, usageError("restore", "say where to: --to original, or --to KEY=VALUE for what is different there")
	}
	text, err := st.Section()
	if path := c.String("config"); path != "" {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	changes := slices.DeleteFunc(slices.Clone(to), func(s string) bool { return s == "original" })
	if len(changes) > 0 {
		if text, err = config.Override(text, name, part, changes); err != nil {
			return nil, err
		}
	}
	f, err := config.Parse("the section of "+name, text)
	if err != nil {
		return nil, err
	}
	env.Scratch = f.Scratch
	return build.Target(ctx, f.Systems[name], part, env)
}

func restoreFolderPart(c *cli.Context, o restoreOptions, out *console, st *system.Stored, part string, to []string) error {
	if len(to) != 1 || strings.Contains(to[0], "=") {
		return usageError("restore", "the part %s is a directory: say where to with --to DIR", part)
	}
	if to[0] == "original" { // what was there then may be elsewhere now, and a name is easily given
		done, err := st.Part(part)
		if err != nil {
			return err
		}
		return usageError("restore", "the part %s is a directory: name it with --to DIR; it was captured from %s", part, done.What)
	}
	o.run.Target = to[0]
	only, replace := c.StringSlice("only"), c.Bool("replace")
	for _, p := range only {
		if strings.HasPrefix(p, "/") { // from the top of the part, not of the snapshot
			p = "/" + st.Path(part) + p
		}
		o.run.Include = append(o.run.Include, p)
	}
	some := len(o.run.Include)+len(o.run.IInclude) > 0
	if some && !replace {
		o.run.Overwrite = restore.Never // one document may go among others, over none
	}
	watch := &restoreWatch{out: out, began: time.Now()}
	report, err := st.RestoreFolder(c.Context, part, o.run, replace || some, watch)
	if err != nil {
		return err
	}
	err = errors.Join(out.summary(report, func(w io.Writer) { printRestore(w, report, o.run) }), restoreOutcome(report))
	switch {
	case some && report.Skipped > 0:
		err = errors.Join(err, fmt.Errorf("%s in %s already, and left: --replace replaces what lives", plural(report.Skipped, "file is", "files are"), to[0]))
	case some && report.Files+report.Others+report.Unchanged == 0:
		err = errors.Join(err, fmt.Errorf("nothing in the part %s matches %s: nothing was restored", part, strings.Join(only, ", ")))
	}
	return err
}

// restoreOutcome is the error that a report of files amounts to.
func restoreOutcome(report restore.Report) (err error) {
	if report.Incomplete {
		err = &incompleteError{plural(int64(len(report.Findings)+report.Omitted), "thing", "things") + " could not be restored in full, as named above; what stands in the target for them is incomplete"}
	}
	if report.Damaged {
		err = errors.Join(err, &chunk.DamageError{What: "the repository", How: "some files could not be read back from it; 'ivyvault check --read-data' tells more"})
	}
	return err
}

func printRestored(w io.Writer, r restored) {
	fmt.Fprintf(w, "restored the part %s of %s, in %s\n", r.Part, r.System, clock(time.Duration(r.Seconds*float64(time.Second))))
	if len(r.Counts) > 20 {
		fmt.Fprintf(w, "  %d things were counted at the target; --json names them\n", len(r.Counts))
	} else {
		for _, k := range slices.Sorted(maps.Keys(r.Counts)) {
			fmt.Fprintf(w, "  %-40s %d\n", k, r.Counts[k])
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
}
