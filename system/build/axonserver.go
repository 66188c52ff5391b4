package build

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/axonserver"
	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/system"
	"ivyvault/system/config"
	"ivyvault/system/hook"
)

// axonServer captures an Axon Server, which runs meanwhile, in the order that
// its own calls give: control database, logs, snapshots, events; then the directories.
// Making the plan asks the server what it is and which contexts it has.
func axonServer(ctx context.Context, b *builder) error {
	if b.plan.Mode == sources.Cold {
		return fmt.Errorf("an Axon Server is captured while it runs, by its own calls: write mode: hot")
	}
	l, err := axonserver.Parts(ctx, axonConfig(b.s), b.env.axon())
	if err != nil {
		return err
	}
	p := b.plan
	p.Product, p.Version = l.Product, l.Version
	p.Notes, p.Uncovered = append(p.Notes, l.Notes...), append(p.Uncovered, l.Uncovered...)
	var pieces []system.Part
	for _, s := range l.Stages {
		var parts []system.Part
		for _, x := range s.Parts {
			parts = append(parts, system.Part{Path: x.Path, Kind: x.Kind, What: x.What, Source: x.Source})
		}
		st := b.stage(s.Name, s.Why, parts)
		st.Within, st.From = s.Within, s.From
		pieces = append(pieces, parts...)
	}
	if len(b.s.Directories) == 0 {
		p.Uncovered = append(p.Uncovered, "axonserver.properties, licence, tokens and plugins: name their folders under 'directories'")
	}
	b.stage("directories", "properties, licence, tokens, plugins: they don't change while events are written", b.directories())
	b.axonSteps(pieces)
	return nil
}

// axonConfig is the section in the words of the source.
func axonConfig(s *config.System) axonserver.Config {
	c := axonserver.Config{
		Token: s.Token, CAFile: s.CAFile, Edition: rest.Edition(s.Edition), Contexts: s.Contexts, Groups: s.Groups, Primaries: s.Primaries,
		Events: s.Events, Snapshots: s.Snapshots, Tiers: s.Tiers, ControlDB: s.ControlDB, ControlDBBackup: s.ControlDBBackup, Log: s.Log,
		PathMap: s.PathMap, RestoreTo: s.RestoreTo,
	}
	add := func(u string) {
		if u != "" && !slices.Contains(c.URLs, u) {
			c.URLs = append(c.URLs, u)
		}
	}
	add(s.URL)
	for _, name := range names(s.Nodes) {
		add(s.Nodes[name].URL)
	}
	return c
}

func (e Env) axon() axonserver.Env { return axonserver.Env{Mask: e.Mask, Log: e.Log} }

// axonTarget is what a part of an Axon Server is restored through; nil where the
// path is none of its parts.
func axonTarget(s *config.System, part string, env Env) sources.Restorer {
	c := axonConfig(s)
	dir, name, _ := strings.Cut(part, "/")
	switch {
	case part == "controldb":
		return axonserver.NewControlDB(c, env.axon())
	case dir == "log" && name != "":
		return axonserver.NewLogs(c, name, env.axon())
	case dir == "snapshots" && name != "":
		return axonserver.NewSegments(c, segment.Snapshots, name, env.axon())
	case dir == "events" && name != "":
		return axonserver.NewSegments(c, segment.Events, name, env.axon())
	}
	return nil
}

// axonSteps are the steps of a restore: all with the server stopped, the proof
// before it is started.
func (b *builder) axonSteps(pieces []system.Part) {
	p := b.plan
	p.Restore = append(p.Restore, system.Step{
		Title: "stop the server, and see that the folders of its store are empty",
		Why: []string{
			"The server must not run while its store is put back. A segment that is left from before, with a higher number, would be taken for the newest.",
			"A file AxonIQ.pid that is left over marks a stop that was not clean; remove it.",
		},
	})
	b.steps(b.directories())
	for _, x := range pieces {
		p.Restore = append(p.Restore, system.Step{
			Title: "put back " + x.What, Part: x.Path,
			Why: []string{"It goes to the folder of the section; `--to restore-to=DIR` puts it below another one, to look at it beside the server that lives."},
			Do:  []string{fmt.Sprintf("ivyvault restore --system $SYSTEM --part %s --to original $SNAPSHOT", x.Path)},
		})
	}
	last := system.Step{
		Title: "prove the store before the server is started",
		Why:   []string{"The server itself starts over damaged and over missing segments without a word: this is the only proof. It ends with 0 where every check sum is right and no token is missing."},
	}
	for _, dir := range slices.Compact([]string{b.s.Events, b.s.Snapshots}) {
		if dir != "" {
			last.Do = append(last.Do, "ivyvault axon verify "+hook.Quote(here(dir, b.s.PathMap)))
		}
	}
	p.Restore = append(p.Restore, last, system.Step{
		Title: "start the server, and compare",
		Why: []string{
			"`GET /actuator/health` tells `lastEvent` and `lastSnapshot` of each context: they are the last tokens that the restore has told.",
			"Positions of event processors lie with the applications. Where they are ahead of the restored store, processors stay silent: reset them.",
			"Make a backup with `--force` at once: the server may open again what was closed, so what was copied before is no ground to go on from.",
		},
	})
}

// here is where a folder of the server lies on this machine: the longest folder
// of the path map that leads to it counts.
func here(dir string, known map[string]string) string {
	best := ""
	for from := range known {
		clean := strings.TrimSuffix(from, "/")
		if (dir == clean || strings.HasPrefix(dir, clean+"/")) && len(from) > len(best) {
			best = from
		}
	}
	if best == "" {
		return dir
	}
	return path.Join(known[best], strings.TrimPrefix(dir, strings.TrimSuffix(best, "/")))
}
