package system

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/sources"
	"ivyvault/sources/listing"
	"ivyvault/system/hook"
	"ivyvault/system/stopped"
)

// Options says for whom and how a system is captured.
type Options struct {
	Host, User, Program string
	Tags                []string
	Description         string
	Protected           bool
	Time                time.Time // zero is now
	Force               bool      // go on from nothing: read all
	DryRun              bool
	Hooks               hook.Runner
	Owners              func(uids, gids map[uint32]bool) *repo.Owners
	Section             []byte // of the configuration, without secrets: it lies beside the manifest
	StateDir            string // of records of what is stopped; "" is stopped.Folder()
}

// Report is what a capture did.
type Report struct {
	backup.Report
	System string     `json:"system"`
	Parts  []PartDone `json:"parts"`
	Checks []Result   `json:"checks,omitempty"`
}

// Observer is backup.Observer, and is told what goes on in words.
type Observer interface {
	backup.Observer
	Say(line string)
}

// Root is where a system lies in its snapshots.
func Root(name string) string { return "systems/" + name }

// Paths is what the snapshots of a system name as their paths, by which they
// are one backup set.
func Paths(name string) []string { return []string{"/" + Root(name)} }

// Run captures a system by its plan into a new snapshot. Where the error comes
// with a snapshot in the report, all was captured and stored, and what was to run
// afterwards failed.
func Run(ctx context.Context, r *repo.Repo, p *Plan, opt Options, obs Observer) (Report, error) {
	if opt.StateDir == "" {
		opt.StateDir = stopped.Folder()
	}
	if opt.Time.IsZero() {
		opt.Time = time.Now()
	}
	if err := p.check(); err != nil {
		return Report{}, err
	}
	parent := ""
	if opt.Force {
		parent = "none"
	}
	var last *capturing
	rep, err := backup.Run(ctx, r, backup.Options{
		Host: opt.Host, User: opt.User, Program: opt.Program, Paths: Paths(p.Name), Time: opt.Time, Parent: parent,
		Tags: append(slices.Clone(p.Tags), opt.Tags...), Description: opt.Description, Protected: opt.Protected || p.Protect,
		Owners: opt.Owners, DryRun: opt.DryRun,
		System: &backup.System{Name: p.Name, Type: p.Type, Root: Root(p.Name), Capture: func(ctx context.Context, s *backup.Session) ([]listing.File, error) {
			last = &capturing{plan: p, opt: opt, obs: obs, session: s}
			return last.run(ctx)
		}},
	}, obs)
	out := Report{Report: rep, System: p.Name}
	if last != nil {
		out.Parts, out.Checks = last.manifest.Parts, last.manifest.Checks
		err = errors.Join(err, last.trouble)
	}
	return out, err
}

// check reports what is wrong with a plan before anything runs.
func (p *Plan) check() error {
	seen := map[string]bool{}
	for _, s := range p.Stages {
		for _, x := range s.Parts {
			if seen[x.Path] {
				return fmt.Errorf("the system %s has two parts at %s: give one another name", p.Name, x.Path)
			}
			seen[x.Path] = true
		}
	}
	if len(seen) == 0 {
		return fmt.Errorf("the system %s has nothing to capture: name its databases, documents or directories", p.Name)
	}
	if p.Mode == sources.Cold && (p.Stop == nil || p.Start == nil) {
		return fmt.Errorf("the system %s is to be captured cold, but how it is stopped and started isn't said: give hooks 'stop' and 'start'", p.Name)
	}
	for _, h := range slices.Concat(p.Before, p.After) {
		if err := h.Check(); err != nil {
			return err
		}
	}
	return nil
}

// capturing is one capture under way.
type capturing struct {
	plan     *Plan
	opt      Options
	obs      Observer
	session  *backup.Session
	outcomes []backup.Outcome
	manifest Manifest
	// trouble is what went wrong after all was captured: hooks, the start of what
	// was stopped. It is told, and takes nothing away from the snapshot.
	trouble error
}

func (c *capturing) say(format string, args ...any) { c.obs.Say(fmt.Sprintf(format, args...)) }

// run captures everything and returns the files that describe it.
func (c *capturing) run(ctx context.Context) ([]listing.File, error) {
	c.begin()
	// Hooks and checks after the capture run also where the context has ended:
	// what was switched off before must be switched on again.
	after := context.WithoutCancel(ctx)
	defer func() {
		c.trouble = errors.Join(c.trouble, c.opt.Hooks.All(after, c.plan.After, true))
	}()
	if err := c.opt.Hooks.All(ctx, c.plan.Before, false); err != nil {
		return nil, err
	}
	var err error
	if c.plan.Mode == sources.Cold {
		err = c.cold(ctx, after)
	} else {
		c.look(ctx, "before")
		err = c.stages(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.look(ctx, "after")
	if err := c.compare(ctx); err != nil {
		return nil, err
	}
	return c.describe()
}

// cold stops the system, captures it, and starts it again, whatever happens.
func (c *capturing) cold(ctx, after context.Context) error {
	p := c.plan
	rec := stopped.Record{System: p.Name, Start: p.Start.Argv, Shell: p.Start.Shell, Dir: p.Start.Dir, Limit: p.Start.Timeout}
	if err := stopped.Put(c.opt.StateDir, rec); err != nil {
		return err
	}
	defer func() { c.trouble = errors.Join(c.trouble, c.start(after)) }()
	if err := c.opt.Hooks.Run(ctx, *p.Stop); err != nil {
		return err
	}
	if p.Stopped != nil {
		if err := p.Stopped(ctx); err != nil {
			return fmt.Errorf("the system %s can't be seen to have stopped, so nothing was captured: %w", p.Name, err)
		}
	}
	c.say("the system %s is stopped", p.Name)
	return c.stages(ctx)
}

// start starts the system and forgets that it was stopped.
func (c *capturing) start(ctx context.Context) error {
	p := c.plan
	if err := c.opt.Hooks.Run(ctx, *p.Start); err != nil {
		return fmt.Errorf("THE SYSTEM %s IS STILL STOPPED: %w; 'ivyvault system resume %s' tries again", p.Name, err, p.Name)
	}
	if p.Started != nil {
		if err := p.Started(ctx); err != nil {
			return fmt.Errorf("the system %s was started and does not run: %w", p.Name, err)
		}
	}
	c.say("the system %s was started again", p.Name)
	return stopped.Drop(c.opt.StateDir, p.Name)
}

// stages captures one stage after the other. One that took too long since an
// earlier one is begun again from there, once.
func (c *capturing) stages(ctx context.Context) error {
	began := map[string]time.Time{}
	again := false
	for i := 0; i < len(c.plan.Stages); i++ {
		s := &c.plan.Stages[i]
		began[s.Name] = time.Now()
		if err := c.stage(ctx, s); err != nil {
			return err
		}
		from, bounded := began[s.From]
		if s.Within == 0 || !bounded || time.Since(from) <= s.Within {
			continue
		}
		if again {
			return fmt.Errorf("the stage '%s' did not end within %v of the stage '%s', twice: what was captured does not fit together", s.Name, s.Within, s.From)
		}
		again = true
		c.say("the stage '%s' did not end within %v of the stage '%s': both are captured again", s.Name, s.Within, s.From)
		i = slices.IndexFunc(c.plan.Stages, func(x Stage) bool { return x.Name == s.From }) - 1
	}
	return nil
}

func (c *capturing) stage(ctx context.Context, s *Stage) error {
	if len(s.Parts) == 1 {
		c.say("stage '%s': 1 part", s.Name)
	} else {
		c.say("stage '%s': %d parts", s.Name, len(s.Parts))
	}
	parts := make([]backup.Part, len(s.Parts))
	var ready error
	if s.Ready != nil {
		ready = s.Ready(ctx)
	}
	for i, p := range s.Parts {
		parts[i] = backup.Part{Path: p.Path, Source: p.Source}
		if ready != nil {
			parts[i].Source = failing{ready}
		}
	}
	out, err := c.session.Capture(ctx, parts...)
	for i := range out {
		c.note(s, &out[i])
	}
	return err
}

// failing is a source that can't be captured, for a reason known beforehand.
type failing struct{ err error }

func (f failing) Capture(context.Context) (sources.Capture, error) { return nil, f.err }

// note keeps an outcome; that of a part captured again replaces the first.
func (c *capturing) note(s *Stage, o *backup.Outcome) {
	if o.Ended.IsZero() {
		return // never begun
	}
	if o.Err != nil {
		c.say("part %s: FAILED: %v", o.Path, o.Err)
	} else {
		c.say("part %s: %d files, %d unchanged, in %v", o.Path, o.Stats.Files, o.Stats.FilesUnchanged, o.Ended.Sub(o.Began).Round(10*time.Millisecond))
	}
	c.outcomes = slices.DeleteFunc(c.outcomes, func(x backup.Outcome) bool { return x.Path == o.Path })
	c.outcomes = append(c.outcomes, *o)
	c.manifest.add(c.plan, s, o)
}

// look makes the plan's checks of the running system.
func (c *capturing) look(ctx context.Context, when string) {
	for _, k := range c.plan.Checks {
		said, err := k.Look(ctx)
		res := Result{Name: k.Name, When: when, OK: err == nil, Said: said}
		if err != nil {
			res.Said = err.Error()
			c.obs.Notice("", fmt.Sprintf("%s, %s the capture: %v", k.Name, when, err))
		}
		c.manifest.Checks = append(c.manifest.Checks, res)
	}
}

// compare looks at whether what was captured fits together.
func (c *capturing) compare(ctx context.Context) error {
	for _, k := range c.plan.Compare {
		wrong, remarks, err := k.Look(ctx, c.outcomes)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			wrong = append(wrong, "it could not be looked at: "+err.Error())
		}
		res := Result{Name: k.Name, When: "after", OK: len(wrong) == 0, Wrong: wrong, Remarks: remarks}
		for _, w := range wrong {
			c.session.Finding("", errors.New(k.Name+": "+w))
		}
		for _, m := range remarks {
			c.obs.Notice("", k.Name+": "+m)
		}
		c.manifest.Checks = append(c.manifest.Checks, res)
	}
	return nil
}
