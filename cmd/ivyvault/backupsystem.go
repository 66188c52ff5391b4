package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/sources/secret"
	"ivyvault/system"
	"ivyvault/system/config"
	"ivyvault/system/hook"
)

func systemBackupFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "system", Usage: "capture the system `NAME` of the configuration, with all its parts"},
		&cli.BoolFlag{Name: "instance", Usage: "with --system: capture the whole installation, and protect the snapshot"},
		configFlag(),
	}
}

// systemWatch is told what goes on in a system's capture.
type systemWatch struct {
	*backupWatch
	out *console
}

var _ system.Observer = systemWatch{}

// Say prints a line about the course of things.
func (w systemWatch) Say(line string) { w.out.notice("", line) }

func runBackupSystem(c *cli.Context, o backupOptions) error {
	ctx := c.Context
	s, err := loadSystem(c, c.String("system"))
	if err != nil {
		return err
	}
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	g.takeRepository(s.file)
	if s.file.LogFile != "" {
		if err := out.keepLog(s.file.LogFile); err != nil {
			return err
		}
	}
	out.entry("backup of the system " + s.name + " begins")
	p, mask, err := s.plan(ctx, g, out, c.Bool("instance"))
	if err != nil {
		return err
	}
	section, err := config.Cut(s.text, s.name)
	if err != nil {
		return err
	}
	r, err := openRepo(ctx, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	at := o.run.Time
	if at.IsZero() {
		at = time.Now()
	}
	report, err := system.Run(ctx, r, p, system.Options{
		Host: o.run.Host, User: o.run.User, Program: o.run.Program, Tags: o.run.Tags, Description: o.run.Description,
		Protected: o.run.Protected || c.Bool("instance"), Time: at, Force: o.run.Parent == "none", DryRun: o.run.DryRun, Owners: namesOfOwners, Section: section,
		Hooks: hook.Runner{Env: hookVariables(s.name, g, at), Mask: mask, Say: func(line string) { out.notice("", line) }},
	}, systemWatch{newBackupWatch(out), out})
	if err != nil && report.Snapshot == (repo.Name{}) {
		return maskError(mask, err)
	}
	if err != nil { // all is stored: what was to run afterwards has failed
		err = maskError(mask, err)
	}
	out.entry(fmt.Sprintf("backup of the system %s: snapshot %s, incomplete: %v", s.name, report.Snapshot.Short(), report.Incomplete))
	err = errors.Join(err, out.summary(report, func(w io.Writer) { printSystemBackup(w, report) }))
	if report.Incomplete {
		n := int64(len(report.Findings) + report.Omitted)
		err = errors.Join(err, &incompleteError{plural(n, "thing is", "things are") + " missing or wrong, as named above: the snapshot of the system is incomplete"})
	}
	return err
}

// hookVariables are what hooks find in their environment; doc/systems.md lists
// them.
func hookVariables(name string, g global, at time.Time) []string {
	return []string{
		"IVYVAULT_SYSTEM=" + name,
		"IVYVAULT_REPOSITORY=" + g.repository,
		"IVYVAULT_SNAPSHOT_TIME=" + system.TimeName(at),
	}
}

// maskedError is an error whose text shows no secret.
type maskedError struct {
	error
	mask *secret.Mask
}

func (e maskedError) Error() string { return e.mask.Clean(e.error.Error()) }
func (e maskedError) Unwrap() error { return e.error }

func maskError(mask *secret.Mask, err error) error { return maskedError{err, mask} }

func printSystemBackup(w io.Writer, r system.Report) {
	for _, p := range r.Parts {
		state := "whole"
		if p.Error != "" {
			state = "FAILED"
		} else if !p.Whole {
			state = "incomplete"
		}
		fmt.Fprintf(w, "%-11s %-32s %8s, %s, %s read\n", state, p.Path, size(p.Bytes), plural(p.Files, "file", "files"), size(p.BytesRead))
	}
	fmt.Fprintln(w)
	printBackup(w, r.Report)
}
