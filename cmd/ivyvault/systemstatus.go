package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/system"
	"ivyvault/system/config"
)

func systemStatusCommand() *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "tell whether each system was captured lately and wholly",
		ArgsUsage: "[NAME...]",
		Description: `Tells of each system of the configuration when it was last captured, whether that
snapshot is whole, and how old the newest whole one is, beside the objective 'rpo'
of its section. Where something is amiss the exit code is 1, so that a monitor
can run it.

Example:
  ivyvault system status || mail -s 'backup of claims' ops@example.org`,
		Flags:  []cli.Flag{configFlag()},
		Before: func(c *cli.Context) error { return wantArgs(c, 0, -1) },
		Action: runSystemStatus,
	}
}

func runSystemStatus(c *cli.Context) error {
	f, err := readConfig(c)
	if err != nil {
		return err
	}
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	g.takeRepository(f)
	names := c.Args().Slice()
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(f.Systems))
	}
	r, err := openRepo(c.Context, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	list, lost, err := r.ReadableSnapshots(c.Context)
	if err != nil {
		return err
	}
	if lost != nil {
		out.notice("", lost.Error())
	}
	var all []system.Status
	var bad []string
	for _, n := range names {
		s, ok := f.Systems[n]
		if !ok {
			return fmt.Errorf("the configuration has no system %q", n)
		}
		st := system.StatusOf(list, n, s.Objectives.RPO, time.Now())
		all = append(all, st)
		if !st.OK {
			bad = append(bad, n)
		}
	}
	err = out.report(all, func(w io.Writer) { printStatus(w, all) })
	if len(bad) > 0 {
		err = errors.Join(err, fmt.Errorf("all is not well with %s", strings.Join(bad, ", ")))
	}
	return err
}

// readConfig reads the configuration that was named, or the usual one.
func readConfig(c *cli.Context) (*config.File, error) {
	path := c.String("config")
	if path == "" {
		var err error
		if path, err = config.Find(); err != nil {
			return nil, err
		}
	}
	return config.Read(path)
}

func printStatus(w io.Writer, all []system.Status) {
	for _, s := range all {
		state := "good"
		if !s.OK {
			state = "BAD"
		}
		fmt.Fprintf(w, "%-5s %-20s %s", state, s.System, plural(int64(s.Snapshots), "snapshot", "snapshots"))
		if s.Whole != nil {
			fmt.Fprintf(w, ", newest whole one %s from %s, %s old", s.Whole.ID.Short(), when(s.Whole.Time), age(s.Age))
		}
		if s.RPO > 0 {
			fmt.Fprintf(w, ", allowed: %s", age(s.RPO))
		}
		fmt.Fprintln(w)
		for _, why := range s.Why {
			fmt.Fprintf(w, "      %s\n", why)
		}
		if s.Newest != nil && s.Whole != nil && s.Newest.ID == s.Whole.ID || s.Newest == nil {
			continue
		}
		for _, p := range s.Newest.Parts {
			fmt.Fprintf(w, "      in %s: %s\n", s.Newest.ID.Short(), showText(p))
		}
	}
}

// age is a number of seconds in words.
func age(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return d.Round(time.Second).String()
}
