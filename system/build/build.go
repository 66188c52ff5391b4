// Package build makes the plan of a system from its section of ivyvault.yaml:
// the sources of its parts, the stages in the order that the engine's vendor
// asks for, the checks of the running engine, and the steps of a restore.
//
// Promise: nothing is captured or asked while a plan is made, but for what the
// stages depend on, such as which contexts an event store has; so a plan can be
// read before anything runs.
package build

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"ivyvault/sources"
	"ivyvault/sources/dir"
	"ivyvault/sources/secret"
	"ivyvault/system"
	"ivyvault/system/config"
	"ivyvault/system/hook"
)

// Env is what a plan's sources work with.
type Env struct {
	Scratch string            // folder for scratch folders; "" is the system's
	Mask    *secret.Mask      // learns every secret
	Log     func(line string) // what tools say
	Skip    []dir.Skip        // paths that are never captured: the repository, mounts of it
	// Instance has the whole installation captured, once and protected.
	Instance bool
}

// builder makes one plan.
type builder struct {
	name string
	s    *config.System
	env  Env
	plan *system.Plan
}

// Plan makes the plan of a system.
func Plan(ctx context.Context, name string, s *config.System, env Env) (*system.Plan, error) {
	if env.Mask == nil {
		env.Mask = &secret.Mask{}
	}
	if env.Log == nil {
		env.Log = func(string) {}
	}
	b := &builder{name: name, s: s, env: env, plan: &system.Plan{
		Name: name, Type: s.Type, Mode: s.Consistency(), Protect: s.Protect, Tags: s.Tags,
	}}
	b.hooks()
	for _, e := range engines() {
		if e.name == s.Type {
			if err := e.fill(ctx, b); err != nil {
				return nil, fmt.Errorf("the system %s: %w", name, err)
			}
			return b.plan, nil
		}
	}
	return nil, fmt.Errorf("the system %s has the type %q, which isn't known", name, s.Type)
}

// engine fills a plan by the rules of one product.
type engine struct {
	name string
	fill func(context.Context, *builder) error
}

func engines() []engine {
	return []engine{
		{"custom", custom},
		{"axonserver", axonServer},
		{"axon-ivy", axonIvy},
		{"wso2is", wso2is},
		{"flowable", flowableEngine},
	}
}

// custom captures databases, then search, then documents and directories, which
// is right for whatever writes its files before the rows that name them.
func custom(_ context.Context, b *builder) error {
	if b.plan.Mode == sources.Cold {
		b.stage("everything", "the system is stopped, so the order does not matter", b.databases(), b.documents(), b.directories())
		b.stage("search", "after the databases, since it follows them", b.search())
	} else {
		b.stage("databases", "first: every row then names files that are still there when the files are captured", b.databases())
		b.stage("search", "after the databases, which it follows", b.search())
		b.stage("files", "last: what was added meanwhile does no harm", b.documents(), b.directories())
	}
	b.steps(b.directories(), b.documents(), b.databases(), b.search())
	return nil
}

// stage adds a stage of the parts, unless there are none.
func (b *builder) stage(name, why string, parts ...[]system.Part) *system.Stage {
	all := slices.Concat(parts...)
	if len(all) == 0 {
		return &system.Stage{}
	}
	b.plan.Stages = append(b.plan.Stages, system.Stage{Name: name, Why: why, Parts: all})
	return &b.plan.Stages[len(b.plan.Stages)-1]
}

// hooks takes over the commands of the configuration.
func (b *builder) hooks() {
	h := b.s.Hooks
	list := func(name string, from []config.Hook) (out []hook.Hook) {
		for i := range from {
			out = append(out, *one(fmt.Sprintf("%s %d", name, i+1), &from[i]))
		}
		return out
	}
	b.plan.Before, b.plan.After = list("before", h.Before), list("after", h.After)
	b.plan.Stop, b.plan.Start = one("stop", h.Stop), one("start", h.Start)
}

func one(name string, h *config.Hook) *hook.Hook {
	if h == nil {
		return nil
	}
	return &hook.Hook{Name: name, Argv: h.Command, Shell: h.Shell, Timeout: h.Timeout}
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
