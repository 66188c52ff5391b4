// Package tag changes what a snapshot is called: its tags, its description,
// whether it is protected.
//
// Promise: the snapshot keeps its id and its tree; a new form of its object
// takes the place of the present one by one entry of the log.
package tag

import (
	"context"
	"slices"

	"ivyvault/repo"
)

// Edit says what to change. Set goes before Add and Remove.
type Edit struct {
	Set         *[]string // these tags and no others
	Add, Remove []string
	Description *string
	Protected   *bool
}

// Report lists the snapshots that were changed.
type Report struct {
	Changed []repo.Name `json:"changed"`
	Same    []repo.Name `json:"unchanged"`
}

// Run changes the snapshots one after the other. On error those before it are
// changed, as the Report says.
func Run(ctx context.Context, r *repo.Repo, snaps []repo.Snapshot, e Edit) (Report, error) {
	rep := Report{Changed: []repo.Name{}, Same: []repo.Name{}}
	for _, s := range snaps {
		after := e.apply(s)
		if slices.Equal(after.Tags, s.Tags) && after.Description == s.Description && after.Protected == s.Protected {
			rep.Same = append(rep.Same, s.ID)
			continue
		}
		after.Replaces = s.Form
		_, err := r.Write(ctx, func(context.Context, *repo.Writer) (repo.Snapshot, error) { return after, nil })
		if err != nil {
			return rep, err
		}
		rep.Changed = append(rep.Changed, s.ID)
	}
	return rep, nil
}

func (e Edit) apply(s repo.Snapshot) repo.Snapshot {
	tags := slices.Clone(s.Tags)
	if e.Set != nil {
		tags = slices.Clone(*e.Set)
	}
	tags = append(tags, e.Add...)
	tags = slices.DeleteFunc(tags, func(t string) bool { return slices.Contains(e.Remove, t) })
	s.Tags = nil
	for _, t := range tags {
		if t != "" && !slices.Contains(s.Tags, t) {
			s.Tags = append(s.Tags, t)
		}
	}
	if e.Description != nil {
		s.Description = *e.Description
	}
	if e.Protected != nil {
		s.Protected = *e.Protected
	}
	return s
}
