package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/sources/command"
	"ivyvault/sources/dir"
	"ivyvault/sources/mounts"
	"ivyvault/sources/owners"
)

type backupOptions struct {
	run      backup.Options
	dir      dir.Options
	paths    []string
	stdin    bool
	filename string
	argv     []string // of --stdin-from-command
}

func backupCommand() *cli.Command {
	var o backupOptions
	return &cli.Command{
		Name:      "backup",
		Usage:     "make a snapshot of files and directories",
		ArgsUsage: "PATH...",
		Description: `Makes a snapshot of the paths. What is unchanged since the newest snapshot of the
same host and paths is not read again. A file that can't be read is named and
counted; the snapshot is then marked incomplete, and the exit code is 3. A
backup that was killed goes on from there when it is run again. The repository
itself, its cache and mounts of it below a path are left out.

With --system the parts of an engine are captured, as its section in ivyvault.yaml
has them, in the order that 'ivyvault system plan' shows. A part that fails is left
out and named; the snapshot is then incomplete.

Patterns are names separated by slashes in which *, ? and [a-z] match; ** stands
for any number of names. One that begins with a slash is matched from the top,
another anywhere. One that begins with ! takes back what an earlier one left out.

Example:
  ivyvault backup /srv/ivy --exclude '*.tmp' --tag nightly
  pg_dump ivy | ivyvault backup --stdin --stdin-filename ivy.sql
  ivyvault backup --stdin-filename ivy.sql --stdin-from-command -- pg_dump ivy
  ivyvault backup --system claims`,
		Flags: append(append(append(sourceFlags(), snapshotFlags()...), streamFlags()...), systemBackupFlags()...),
		Before: func(c *cli.Context) (err error) {
			o, err = readBackup(c)
			return err
		},
		Action: func(c *cli.Context) error {
			if c.String("system") != "" {
				return runBackupSystem(c, o)
			}
			return runBackup(c, o)
		},
	}
}

func sourceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "exclude", Aliases: []string{"e"}, Usage: "leave out what matches `PATTERN` (may be repeated)"},
		&cli.StringSliceFlag{Name: "iexclude", Usage: "leave out what matches `PATTERN`, whatever the case of its letters"},
		&cli.StringSliceFlag{Name: "exclude-file", Usage: "read patterns for --exclude from `FILE`, one a line"},
		&cli.StringSliceFlag{Name: "iexclude-file", Usage: "read patterns for --iexclude from `FILE`, one a line"},
		&cli.BoolFlag{Name: "exclude-caches", Usage: "leave out the contents of directories that a CACHEDIR.TAG marks as caches"},
		&cli.StringSliceFlag{Name: "exclude-if-present", Usage: "leave out the contents of directories that hold `NAME`, or NAME:FIRST-BYTES"},
		&cli.StringFlag{Name: "exclude-larger-than", Usage: "leave out files of more than `SIZE`, such as 500M"},
		&cli.BoolFlag{Name: "one-file-system", Aliases: []string{"x"}, Usage: "don't enter other file systems than those of the paths"},
		&cli.StringSliceFlag{Name: "files-from", Usage: "read paths from `FILE`, one a line, beside those given; - is standard input"},
		&cli.StringSliceFlag{Name: "files-from-raw", Usage: "read paths from `FILE`, each ended by a zero byte; - is standard input"},
		&cli.IntFlag{Name: "read-concurrency", Usage: "read `N` files at once (default: by the number of processors)"},
	}
}

func snapshotFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "tag", Usage: "give the snapshot the `TAGS`, several with commas (may be repeated)"},
		&cli.StringFlag{Name: "host", Aliases: []string{"H"}, Usage: "set the `HOST` of the snapshot (default: this host's name)"},
		&cli.StringFlag{Name: "time", Usage: "set the `TIME` of the snapshot, such as \"2006-01-02 15:04:05\" (default: now)"},
		&cli.StringFlag{Name: "description", Usage: "describe the snapshot in `TEXT`"},
		&cli.BoolFlag{Name: "protect", Usage: "protect the snapshot: forget leaves it"},
		&cli.StringFlag{Name: "parent", Usage: "compare with `SNAPSHOT` (default: the newest of the same host and paths)"},
		&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "compare with nothing: read every file"},
		&cli.BoolFlag{Name: "skip-if-unchanged", Usage: "make no snapshot where nothing has changed"},
		&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "read and compare, store nothing"},
	}
}

func streamFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "stdin", Usage: "take one file's content from standard input"},
		&cli.StringFlag{Name: "stdin-filename", Value: "stdin", Usage: "call that file `NAME`"},
		&cli.BoolFlag{Name: "stdin-from-command", Usage: "take the content from the command that the arguments are; where it fails there is no snapshot"},
	}
}

func readBackup(c *cli.Context) (backupOptions, error) {
	o := backupOptions{
		run: backup.Options{
			Host: c.String("host"), Program: "ivyvault " + programVersion(), Tags: splitTags(c.StringSlice("tag")), Description: c.String("description"),
			Protected: c.Bool("protect"), Parent: c.String("parent"), Readers: c.Int("read-concurrency"),
			DryRun: c.Bool("dry-run"), SkipUnchanged: c.Bool("skip-if-unchanged"), Owners: namesOfOwners,
		},
		dir: dir.Options{
			Exclude: c.StringSlice("exclude"), IExclude: c.StringSlice("iexclude"), ExcludeCaches: c.Bool("exclude-caches"),
			IfPresent: c.StringSlice("exclude-if-present"), OneFileSystem: c.Bool("one-file-system"),
		},
		stdin: c.Bool("stdin") || c.Bool("stdin-from-command"), filename: c.String("stdin-filename"),
	}
	if c.Bool("force") {
		if o.run.Parent != "" {
			return o, usageError("backup", "--force and --parent exclude each other")
		}
		o.run.Parent = "none"
	}
	if o.run.Readers < 0 || o.run.Readers > 1024 {
		return o, usageError("backup", "--read-concurrency is 1 to 1024")
	}
	if s := c.String("exclude-larger-than"); s != "" {
		n, err := parseSize(s)
		if err != nil {
			return o, err
		}
		o.dir.LargerThan = n
	}
	if s := c.String("time"); s != "" {
		t, err := parseTime(s)
		if err != nil {
			return o, err
		}
		o.run.Time = t
	}
	if o.run.Host == "" {
		host, err := os.Hostname()
		if err != nil {
			return o, fmt.Errorf("the name of this host can't be found out: %w: give one with --host", err)
		}
		o.run.Host = host
	}
	if u, err := user.Current(); err == nil {
		o.run.User = u.Username
	}
	return o, o.readPaths(c)
}

// readPaths finds out what is to be captured.
func (o *backupOptions) readPaths(c *cli.Context) error {
	if c.Bool("stdin-from-command") {
		if c.Bool("stdin") {
			return usageError("backup", "--stdin and --stdin-from-command exclude each other")
		}
		o.argv = c.Args().Slice()
		if len(o.argv) == 0 {
			return usageError("backup", "--stdin-from-command needs a command: put it after --")
		}
		return nil
	}
	o.paths = c.Args().Slice()
	for i, raw := range []bool{false, true} {
		for _, name := range c.StringSlice([]string{"files-from", "files-from-raw"}[i]) {
			more, err := pathsFrom(name, raw)
			if err != nil {
				return err
			}
			o.paths = append(o.paths, more...)
		}
	}
	for i, list := range []struct {
		flag string
		to   *[]string
	}{{"exclude-file", &o.dir.Exclude}, {"iexclude-file", &o.dir.IExclude}} {
		for _, name := range c.StringSlice(list.flag) {
			more, err := patternsFrom(name)
			if err != nil {
				return fmt.Errorf("--%s: %w", []string{"exclude-file", "iexclude-file"}[i], err)
			}
			*list.to = append(*list.to, more...)
		}
	}
	switch {
	case o.stdin && len(o.paths) > 0:
		return usageError("backup", "--stdin takes no paths")
	case c.String("system") != "" && (o.stdin || len(o.paths) > 0):
		return usageError("backup", "--system takes no paths: what is captured stands in the configuration")
	case c.String("system") != "":
	case !o.stdin && len(o.paths) == 0:
		return usageError("backup", "name at least one path to back up")
	}
	return nil
}

func runBackup(c *cli.Context, o backupOptions) error {
	ctx := c.Context
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	g.stdinTaken = o.stdin && o.argv == nil
	if err := o.makeSource(g); err != nil {
		return err
	}
	r, err := openRepo(ctx, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	watch := newBackupWatch(out)
	report, err := backup.Run(ctx, r, o.run, watch)
	if err != nil {
		return err
	}
	if err := out.summary(report, func(w io.Writer) { printBackup(w, report) }); err != nil {
		return err
	}
	if report.Incomplete {
		n := int64(len(report.Findings) + report.Omitted)
		return &incompleteError{plural(n, "thing", "things") + " could not be read, as named above: the snapshot is incomplete"}
	}
	return nil
}

// makeSource makes what is captured of what was asked for.
func (o *backupOptions) makeSource(g global) error {
	if o.stdin {
		s, err := command.Reader(o.filename, os.Stdin)
		if o.argv != nil {
			s, err = command.New(o.filename, o.argv, os.Stderr)
		}
		if err != nil {
			return err
		}
		o.run.Source, o.run.Paths = s, []string{s.Path()}
		return nil
	}
	skips, err := ownPlaces(g)
	if err != nil {
		return err
	}
	o.dir.Skip = skips
	s, err := dir.New(o.paths, o.dir)
	if err != nil {
		return err
	}
	o.run.Source, o.run.Paths = s, s.Paths()
	return nil
}

func printBackup(w io.Writer, r backup.Report) {
	s := r.Stats
	fmt.Fprintf(w, "Files:  %8d new, %8d changed, %8d unchanged\n", s.FilesNew, s.FilesChanged, s.FilesUnchanged)
	fmt.Fprintf(w, "Others: %8d directories, %d links and devices\n", s.Dirs, s.Others)
	what := "Added to the repository"
	if r.DryRun {
		what = "Would read"
		fmt.Fprintf(w, "%s: %s\n", what, size(s.BytesRead))
	} else {
		fmt.Fprintf(w, "%s: %s (%s read)\n", what, size(s.BytesAdded), size(s.BytesRead))
	}
	fmt.Fprintf(w, "\nprocessed %s, %s in %s\n", plural(s.Files, "file", "files"), size(s.Bytes), clock(time.Duration(r.Duration*float64(time.Second))))
	switch {
	case r.Skipped:
		fmt.Fprintln(w, "nothing has changed: no snapshot was made")
	case r.DryRun:
		fmt.Fprintln(w, "nothing was stored: this was a dry run")
	default:
		fmt.Fprintf(w, "snapshot %s saved\n", r.Snapshot.Short())
	}
}

// ownPlaces returns what belongs to IvyVault itself on this machine.
func ownPlaces(g global) ([]dir.Skip, error) {
	var skips []dir.Skip
	add := func(path, reason string) error {
		if path == "" {
			return nil
		}
		abs, err := filepath.Abs(path)
		skips = append(skips, dir.Skip{Path: abs, Reason: reason})
		return err
	}
	mounts, err := mounts.OfType("fuse.ivyvault")
	if err != nil {
		return nil, err
	}
	for _, m := range mounts {
		if err := add(m, "it is a mount of a repository"); err != nil {
			return nil, err
		}
	}
	return skips, errors.Join(add(localPath(g.repository), "it is the repository"), add(g.cacheDir, "it is the cache"))
}

func namesOfOwners(uids, gids map[uint32]bool) *repo.Owners {
	users, groups := owners.Names(uids, gids)
	return &repo.Owners{Users: users, Groups: groups}
}
