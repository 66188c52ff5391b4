package axonserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/axonserver/segment"
)

// Layout says what an Axon Server is captured as.
type Layout struct {
	Product, Version string
	Edition          rest.Edition
	Contexts         []string
	Stages           []Stage
	Uncovered        []string // what is not captured, in words
	Notes            []string
}

// Stage is a set of parts that are captured at the same time.
type Stage struct {
	Name  string
	Why   string
	Parts []Piece
	// Within is how long after the begin of the stage From this one may end; 0 is
	// without a bound. Both begin again where it took longer.
	Within time.Duration
	From   string
}

// Piece is one part.
type Piece struct {
	Path   string // "events/default"
	Kind   string // "axonserver-segments", "axonserver-controldb", "axonserver-logs"
	What   string // in words
	Source sources.Source
}

// The names of the stages.
const (
	StageControl   = "control database"
	StageLogs      = "replication logs"
	StageSnapshots = "snapshots of aggregates"
	StageEvents    = "events"
)

// compaction is how long after the copy of the control database the server
// keeps the log entries that it refers to.
const compaction = 30 * time.Minute

// Parts asks the server what it is and returns its parts in the order that
// keeps them consistent: the control database points into the logs, so it comes
// first; a snapshot of an aggregate must not be ahead of its events, so events
// come last.
func Parts(ctx context.Context, c Config, env Env) (*Layout, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	env = env.norm()
	n, err := connect(&c, env)
	if err != nil {
		return nil, err
	}
	l, about, err := n.survey(ctx)
	if err != nil {
		return nil, err
	}
	if l.Contexts, err = c.choose(l.Contexts); err != nil {
		return nil, err
	}
	l.Stages = []Stage{{Name: StageControl, Why: "it holds the number of the last log entry that is known to be safe: what is captured after it holds that entry",
		Parts: []Piece{{"controldb", "axonserver-controldb", "the control database of " + about.Node, NewControlDB(c, env)}}}}
	groups, err := n.groups(ctx, l)
	if err != nil {
		return nil, err
	}
	if len(groups) > 0 {
		s := Stage{Name: StageLogs, Why: "within 30 minutes after the control database, before the server compacts the entries that it refers to", Within: compaction, From: StageControl}
		for _, g := range groups {
			s.Parts = append(s.Parts, Piece{"log/" + g, "axonserver-logs", "the log entries of the replication group " + g, NewLogs(c, g, env)})
		}
		l.Stages = append(l.Stages, s)
	}
	snapshots := Stage{Name: StageSnapshots, Why: "before the events: the server would serve a snapshot that is ahead of its events as a state that never was"}
	events := Stage{Name: StageEvents, Why: "after the snapshots, so that none is ahead of its events"}
	for _, name := range l.Contexts {
		snapshots.Parts = append(snapshots.Parts, Piece{"snapshots/" + name, "axonserver-segments", "the snapshots of aggregates of the context " + name, NewSegments(c, segment.Snapshots, name, env)})
		events.Parts = append(events.Parts, Piece{"events/" + name, "axonserver-segments", "the events of the context " + name, NewSegments(c, segment.Events, name, env)})
	}
	l.Stages = append(l.Stages, snapshots, events)
	return l, nil
}

// survey asks all nodes; one that can't be asked is only noted while others
// answer.
func (n *nodes) survey(ctx context.Context) (*Layout, *rest.About, error) {
	l := &Layout{}
	var best *rest.About
	var failed []error
	for _, client := range n.all {
		a, err := n.about(ctx, client)
		if err != nil {
			if ctx.Err() != nil || !rest.Elsewhere(err) {
				return nil, nil, err
			}
			failed = append(failed, err)
			l.Notes = append(l.Notes, err.Error())
			continue
		}
		if best == nil || a.Admin && !best.Admin {
			best = &a
		}
		l.Contexts = append(l.Contexts, a.Contexts...)
	}
	if best == nil {
		return nil, nil, errors.Join(failed...)
	}
	slices.Sort(l.Contexts)
	l.Contexts = slices.Compact(l.Contexts)
	l.Product, l.Version, l.Edition = best.Edition.String(), best.Version, best.Edition
	l.Uncovered = []string{"positions of event processors lie with the applications: after a restore those beyond the last event must be set back"}
	if best.Year() >= 2025 {
		l.Uncovered = append(l.Uncovered, "contexts with dynamic consistency boundaries (DCB): the server pushes their backups into a folder by itself")
	}
	if best.Clustered {
		l.Notes = append(l.Notes, "the files that a node names must be readable on this machine: IvyVault runs where the folders of a primary node of each context are")
	}
	return l, best, nil
}

// choose applies the filter of contexts. A name that no node has is an error:
// old servers answer with an empty list for it.
func (c *Config) choose(all []string) ([]string, error) {
	out := slices.Clone(all)
	var named []string
	for _, f := range c.Contexts {
		name, minus := strings.CutPrefix(f, "-")
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("contexts: no node has the context %q: the server has %s", name, strings.Join(all, ", "))
		}
		if minus {
			out = slices.DeleteFunc(out, func(s string) bool { return s == name })
		} else {
			named = append(named, name)
		}
	}
	if len(named) > 0 {
		out = slices.DeleteFunc(out, func(s string) bool { return !slices.Contains(named, s) })
	}
	for _, s := range out {
		if !validName(s) {
			return nil, fmt.Errorf("the server has a context %q, which can't be the name of a folder", s)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no context is left to capture: look at 'contexts', and whether the node stores any")
	}
	return out, nil
}

// groups are the replication groups whose logs are captured: none for the
// standard edition. A merged server alone may have logs or not: it is asked.
func (n *nodes) groups(ctx context.Context, l *Layout) ([]string, error) {
	groups := slices.Clone(n.c.Groups)
	if len(groups) == 0 {
		groups = append([]string{"_admin"}, l.Contexts...)
	}
	switch l.Edition {
	case rest.Standard:
		return nil, nil
	case rest.Merged:
		var err error
		for _, client := range n.all {
			if _, err = client.Logs(ctx, groups[len(groups)-1]); err == nil || !rest.Elsewhere(err) {
				break
			}
		}
		if rest.Missing(err) || rest.NoContext(err) && len(n.c.Groups) == 0 && len(n.all) == 1 {
			l.Notes = append(l.Notes, "the server has no replication logs to capture")
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if len(n.c.Groups) == 0 {
		l.Notes = append(l.Notes, "replication groups were taken to be named as the contexts are, and _admin: name them under 'groups' where they are not")
	}
	return groups, nil
}
