package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ivyvault/bench/proc"
	"ivyvault/bench/report"
	"ivyvault/bench/tools"
)

// bench is one run of everything.
type bench struct {
	options
	machine machine
	entered []*entrant
	dir     string // of this run, below options.dir
	cache   string // of this run, below options.cache
	where   string // the file system of dir
	self    string // this program, which reads files too

	log   *report.Log
	step  int             // counts up, to rotate the order
	slow  map[string]bool // "tool row": took too long once, is not tried again
	begun time.Time
}

// entrant is a program that takes part, with its repository of this round.
type entrant struct {
	tool    tools.Tool
	version string
	place   tools.Place
	out     bool // a backup of this round failed: nothing follows it
}

func newBench(ctx context.Context, o options) (*bench, error) {
	program, err := filepath.Abs(o.program)
	if err != nil {
		return nil, err
	}
	rivals, err := filepath.Abs(o.rivals)
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, slow: map[string]bool{}, begun: time.Now()}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	there, missing := tools.All(program, rivals, func(name string) bool { return slices.Contains(o.against, name) })
	for _, name := range missing {
		if name == tools.Ivy {
			return nil, fmt.Errorf("%s is missing: 'make build' makes it", program)
		}
		b.say("%s is missing: 'bench/rivals.sh %s' installs it", name, name)
	}
	for _, t := range there {
		version, err := t.Version(ctx)
		if err != nil {
			return nil, err
		}
		b.say("%s %s", t.Name, version)
		b.entered = append(b.entered, &entrant{tool: t, version: version})
	}
	b.machine, err = thisMachine(ctx)
	return b, err
}

// say tells the user how it goes.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.0fs  %s\n", time.Since(b.begun).Seconds(), fmt.Sprintf(format, args...))
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp(b.options.dir, "ivyvault-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.cache, err = os.MkdirTemp(b.options.cache, "ivyvault-bench-cache-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.cache)
	if b.where, err = fileSystem(b.dir); err != nil {
		return err
	}
	for _, s := range b.sets() {
		if !b.wantsSet(s.name) {
			continue
		}
		if err := b.set(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// set measures all rounds of one set.
func (b *bench) set(ctx context.Context, s set) (err error) {
	if b.log, err = report.Create(b.results, s.name); err != nil {
		return err
	}
	defer b.log.Close()
	source := filepath.Join(b.dir, "source", s.name)
	defer os.RemoveAll(source)
	for round := 1; round <= b.rounds; round++ {
		b.say("%s, round %d of %d: making the data", s.name, round, b.rounds)
		if err := s.prepare(source, b.sizes[s.name]); err != nil {
			return err
		}
		w := &work{bench: b, set: s.name, round: round, source: source}
		err := s.measure(ctx, w)
		for _, e := range b.entered {
			_ = os.RemoveAll(e.place.Dir)
			_ = os.RemoveAll(e.place.Cache)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// work is one round on one set.
type work struct {
	*bench
	set    string
	round  int
	source string
}

// each does a step with every program, in an order that rotates.
func (w *work) each(ctx context.Context, does func(e *entrant)) error {
	w.step++
	n := len(w.entered)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if e := w.entered[(i+w.step+w.round)%n]; !e.out {
			does(e)
		}
	}
	return ctx.Err()
}

// put records a value, or why there is none.
func (w *work) put(e *entrant, row, note string, value float64, u proc.Usage, err error) {
	name := w.set + "." + row
	if !w.wants(name) {
		return
	}
	i := slices.IndexFunc(report.Rows(), func(r report.Row) bool { return r.Name == name })
	r := report.Record{
		At: time.Now().UTC().Truncate(time.Millisecond), Row: name, Round: w.round, Tool: e.tool.Name, Version: e.version,
		Value: value, Unit: report.Rows()[i].Unit, CPU: u.CPU.Seconds(), Anon: mb(u.Anon), RSS: mb(u.RSS),
		Size: w.sizes[w.set], Place: w.where, Note: note, Commit: w.machine.Commit, Machine: w.machine.Text,
	}
	if err != nil {
		r.Value, r.Error = 0, err.Error()
		w.say("%-9s %-20s %v", e.tool.Name, name, err)
	} else {
		w.say("%-9s %-20s %.4g %s %s", e.tool.Name, name, value, r.Unit, note)
	}
	if err := w.log.Add(r); err != nil {
		w.say("the line could not be kept: %v", err)
	}
}

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }
