package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"ivyvault/sources/secret"
	"ivyvault/system/hook"
	"ivyvault/system/stopped"
)

func systemResumeCommand() *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Usage:     "start what a backup has stopped and not started again",
		ArgsUsage: "[NAME...]",
		Description: `Starts the systems that a backup stopped before it was killed, by the command
that the backup had noted down before. Without a name, all of them. A system that
a running backup has stopped is left to it.

Example:
  ivyvault system resume claims`,
		Before: func(c *cli.Context) error { return wantArgs(c, 0, -1) },
		Action: runSystemResume,
	}
}

// resumed is what 'system resume' reports.
type resumed struct {
	Started []string `json:"started"`
}

func runSystemResume(c *cli.Context) error {
	g, err := readGlobal(c)
	if err != nil {
		return err
	}
	out := newConsole(c.App, g.json, g.quiet, g.verbose)
	dir := stopped.Folder()
	list, err := stopped.List(dir)
	if err != nil {
		return fmt.Errorf("the records of what is stopped can't be read: %w", err)
	}
	wanted := map[string]bool{}
	for _, n := range c.Args().Slice() {
		wanted[n] = true
	}
	all := len(wanted) == 0
	done := resumed{Started: []string{}}
	var failed error
	for _, r := range list {
		if !all && !wanted[r.System] {
			continue
		}
		delete(wanted, r.System)
		if err := resume(c, out, dir, r); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		done.Started = append(done.Started, r.System)
	}
	for n := range wanted {
		failed = errors.Join(failed, fmt.Errorf("no backup has left the system %q stopped", n))
	}
	err = out.report(done, func(w io.Writer) {
		for _, n := range done.Started {
			fmt.Fprintf(w, "the system %s was started\n", n)
		}
		if len(list) == 0 {
			fmt.Fprintln(w, "nothing is stopped")
		}
	})
	return errors.Join(failed, err)
}

func resume(c *cli.Context, out *console, dir string, r stopped.Record) error {
	if r.Held() {
		return fmt.Errorf("%s: it will start it itself", r)
	}
	if len(r.Start) == 0 {
		return fmt.Errorf("how the system %s is started was not noted down, or the record in %s is torn: start it by hand, then remove the record", r.System, dir)
	}
	run := hook.Runner{Env: []string{"IVYVAULT_SYSTEM=" + r.System}, Mask: &secret.Mask{}, Say: func(line string) { out.notice("", line) }}
	if err := run.Run(c.Context, hook.Hook{Name: "start", Argv: r.Start, Shell: r.Shell, Dir: r.Dir, Timeout: r.Limit}); err != nil {
		return fmt.Errorf("the system %s is still stopped: %w", r.System, err)
	}
	return stopped.Drop(dir, r.System)
}
