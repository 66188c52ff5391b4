// Command compare measures IvyVault and its rivals side by side.
//
// On each set of data it makes every step of the work with every program in
// turn, in an order that rotates from step to step, so that a busy moment of
// the machine hurts none more than others; in several rounds. A restore counts
// only where it equals the source, a find only where it saw every file.
//
//	compare [flags]               measure, then print the table
//	compare -print                print the table of the last run
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"ivyvault/bench/report"
	"ivyvault/bench/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		stop()
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	program, rivals string
	dir, cache      string
	results         string
	only, against   []string
	rounds          int
	limit           time.Duration
	sizes           map[string]float64 // by set
	print           bool
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == readWord {
		return readPlan(args[1], os.Stdout)
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	if !o.print {
		b, err := newBench(ctx, o)
		if err != nil {
			return err
		}
		if err := b.run(ctx); err != nil {
			return err
		}
	}
	table := filepath.Join(o.results, "table.md")
	f, err := os.Create(table)
	if err != nil {
		return err
	}
	if err := report.Write(f, o.results, tools.Ivy); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return report.Write(os.Stdout, o.results, tools.Ivy)
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.StringVar(&o.program, "program", "bin/ivyvault", "IvyVault's `FILE`")
	f.StringVar(&o.rivals, "rivals", rivalsFolder(), "`FOLDER` of bench/rivals.sh")
	f.StringVar(&o.dir, "dir", "/dev/shm", "`FOLDER` for data, repositories and what is restored")
	f.StringVar(&o.cache, "cache", os.TempDir(), "`FOLDER` for the programs' own caches; on a disk, else mapped files count as memory")
	f.StringVar(&o.results, "results", "bench/results", "`FOLDER` for the lines of JSON and the table")
	only := f.String("only", "", "`ROWS` to measure, with commas, as mixed.first or just tiny (default: all)")
	against := f.String("against", "restic,rustic,kopia,borg,bupstash", "`RIVALS`, with commas")
	f.IntVar(&o.rounds, "rounds", 3, "how often everything is measured")
	f.DurationVar(&o.limit, "limit", 5*time.Minute, "what takes longer is killed, and reported so")
	mixed := f.Float64("mixed", 1, "scale of the mixed files: 1 is 1.17 GiB")
	tiny := f.Float64("tiny", 200000, "how many tiny files")
	flat := f.Float64("flat", 1000000, "how many files in one directory")
	many := f.Float64("many", 1000, "how many snapshots")
	f.BoolVar(&o.print, "print", false, "measure nothing, print the table of the last run")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	o.only, o.against = fields(*only), fields(*against)
	o.sizes = map[string]float64{"mixed": *mixed, "tiny": *tiny, "flat": *flat, "many": *many}
	return o, o.check()
}

func rivalsFolder() string {
	if dir := os.Getenv("IVYVAULT_RIVALS"); dir != "" {
		return dir
	}
	return "bench/.rivals"
}

func fields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

func (o options) check() error {
	for _, name := range o.only {
		known := slices.ContainsFunc(report.Rows(), func(r report.Row) bool { return r.Name == name || report.Set(r.Name) == name })
		if !known {
			return fmt.Errorf("no row or set is called %s; rows are named as in bench/report/rows.go", name)
		}
	}
	if o.rounds < 1 {
		return fmt.Errorf("%d rounds: choose one or more", o.rounds)
	}
	for set, n := range o.sizes {
		if n <= 0 {
			return fmt.Errorf("a size of %g for %s: choose more than nothing", n, set)
		}
	}
	return nil
}

// wants reports whether any of the rows is to be measured.
func (o options) wants(rows ...string) bool {
	if len(o.only) == 0 {
		return true
	}
	return slices.ContainsFunc(rows, func(row string) bool {
		return slices.Contains(o.only, row) || slices.Contains(o.only, report.Set(row))
	})
}

// wantsSet reports whether any row of a set is to be measured.
func (o options) wantsSet(set string) bool {
	return len(o.only) == 0 || slices.ContainsFunc(o.only, func(name string) bool { return report.Set(name) == set })
}
