// Package ivy knows the Axon Ivy Engine as far as a plan needs it: how it tells
// that it is well, what its vendor asks of the nodes of a cluster, and what may
// not happen during a backup.
//
// Nouns:
//
//   - A Rule is one of the vendor's five rules for clusters.
//
// Promise: the rules are looked at in the nodes' files; what differs is named
// with both nodes, and no secret is told.
package ivy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ivyvault/system/probe"
	"ivyvault/system/survey"
)

// HealthURL is where an engine tells whether it is well.
func HealthURL(base string) string { return strings.TrimSuffix(base, "/") + "/system/health" }

// Answer judges an engine's word on its health: 200 is running, 503 anything
// else, such as maintenance mode.
func Answer(status int, _ []byte) (string, error) {
	switch status {
	case 200:
		return "running", nil
	case 503:
		return "", fmt.Errorf("the engine says that it is not well (503): starting, in maintenance mode, or without licence or system database; its cockpit tells more")
	}
	return "", fmt.Errorf("status %d is not what an engine answers there: is the 'url' that of the engine, with its context name?", status)
}

var _ probe.Answer = Answer

// The five rules for clusters.
const (
	SameDatabase  = "the same system database"
	SameSearch    = "the same external search server"
	SameServices  = "the same service configurations"
	LocalChanges  = "configuration changes reach every node"
	NoDeployments = "nothing is deployed while the cluster runs"
)

// Rule is how one of the rules is kept.
type Rule struct {
	Name    string
	Wrong   []string // what breaks it
	Remarks []string // what can break it
}

// Rules looks at the first four rules; the fifth is one of time: see Deployed.
// Of one node none is returned.
func Rules(s *survey.Survey) (list []Rule) {
	if len(s.Nodes) < 2 {
		return nil
	}
	for _, c := range s.Checks {
		r := Rule{Name: c.Rule}
		switch {
		case c.Rule == SameServices:
			r.Wrong = s.Differences
		case !c.OK:
			r.Wrong = []string{c.Said}
		case c.Rule == SameSearch && s.Bundled():
			r.Wrong = []string{"no external search server is configured: each node then has one of its own, and they know different things"}
		}
		list = append(list, r)
	}
	return append(list, local(s))
}

// local looks at whether a change of the configuration on one node reaches the
// others: it does where they share the folder.
func local(s *survey.Survey) Rule {
	r := Rule{Name: LocalChanges}
	first := s.Nodes[0]
	for _, n := range s.Nodes[1:] {
		a, b := first.Home+"/configuration", n.Home+"/configuration"
		switch {
		case s.Tree.Same(a, b):
		case len(s.Differences) > 0:
			r.Wrong = append(r.Wrong, fmt.Sprintf("%s and %s have configurations of their own (%s, %s), and the nodes differ: a change was made on one of them only", first.Name, n.Name, a, b))
		default:
			r.Remarks = append(r.Remarks, fmt.Sprintf("%s and %s have configurations of their own, which are equal today: a change on one does not reach the other", first.Name, n.Name))
		}
	}
	return r
}

// Deployed tells whether folders of applications were changed since a time.
func Deployed(ctx context.Context, folders []string, since time.Time) (remarks []string, err error) {
	for _, f := range folders {
		c, changed, err := probe.Changed(ctx, f, since)
		if err != nil {
			return remarks, err
		}
		if changed {
			remarks = append(remarks, fmt.Sprintf("%d things below %s were changed during the backup, the last one, %s, at %s: if that was a deployment, the applications and the system database of this snapshot may not fit together: take another one",
				c.Count, f, c.Path, c.Time.UTC().Format("15:04:05 UTC")))
		}
	}
	return remarks, nil
}
