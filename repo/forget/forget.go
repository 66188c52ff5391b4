// Package forget ends snapshots, by name or by a policy.
//
// Nouns: a Policy says which snapshots of a Group stay; a Decision is what it
// says of one; a Group has host, paths or tags in common.
//
// Promise: all that is forgotten at once is one entry of the log: either all of
// it is, or nothing. Protected snapshots stay. A policy that would end every
// snapshot of a group is refused unless that is asked for. What was stored
// stays until a prune.
package forget

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/seal"
)

// Options says what is forgotten: the snapshots named by IDs, or else what the
// policy does not keep.
type Options struct {
	IDs       []repo.Name
	Policy    Policy
	GroupBy   GroupBy
	Filter    func(repo.Snapshot) bool // nil: all; others are neither kept nor forgotten
	RemoveAll bool                     // allow a policy to end every snapshot of a group
	DryRun    bool
}

// Observer is told what is decided, before anything is written.
type Observer interface {
	Group(GroupReport)
	Notice(what string)
}

// Report is what was decided and done.
type Report struct {
	Groups    []GroupReport `json:"groups"`
	Kept      int           `json:"kept"`
	Forgotten int           `json:"forgotten"`
	DryRun    bool          `json:"dry_run,omitempty"`
}

// GroupReport is what was decided for one group.
type GroupReport struct {
	Host   string   `json:"host,omitempty"`
	Paths  []string `json:"paths,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	Keep   []Entry  `json:"keep"`
	Remove []Entry  `json:"remove"`
}

// Entry is one snapshot with why it is kept.
type Entry struct {
	ID         repo.Name `json:"id"`
	Time       time.Time `json:"time"`
	Host       string    `json:"host"`
	Paths      []string  `json:"paths"`
	Tags       []string  `json:"tags,omitempty"`
	Incomplete bool      `json:"incomplete,omitempty"`
	Reasons    []string  `json:"reasons,omitempty"`
}

// ErrEmptyPolicy is what Run returns where nothing says what to keep.
var ErrEmptyPolicy = errors.New("nothing says which snapshots to keep: give at least one --keep option, or name the snapshots to forget")

// AllGoneError says that a policy would end every snapshot of a group.
type AllGoneError struct{ Group string }

func (e *AllGoneError) Error() string {
	return fmt.Sprintf("this would forget every snapshot of %s; nothing was changed. If that is meant, allow it explicitly or name the snapshots", e.Group)
}

// ProtectedError says that a snapshot that was named is protected.
type ProtectedError struct{ ID repo.Name }

func (e *ProtectedError) Error() string {
	return fmt.Sprintf("snapshot %s is protected; nothing was changed. Take the protection away with 'ivyvault tag' first", e.ID.Short())
}

// Run forgets snapshots of r. On error nothing was forgotten.
func Run(ctx context.Context, r *repo.Repo, opt Options, obs Observer) (Report, error) {
	rep := Report{DryRun: opt.DryRun}
	if r.Role() != seal.Full {
		return rep, fmt.Errorf("forget snapshots: %w", repo.ErrNeedsFull)
	}
	if len(opt.IDs) == 0 && opt.Policy.Empty() {
		return rep, ErrEmptyPolicy
	}
	if _, err := r.Refresh(ctx); err != nil {
		return rep, err
	}
	list, lost, err := r.ReadableSnapshots(ctx)
	if err != nil {
		return rep, err
	}
	if lost != nil {
		if len(opt.IDs) == 0 {
			return rep, lost // a policy can't judge what it can't see
		}
		list = append(list, lost.Lost...)
	}
	var gone []repo.Snapshot
	if len(opt.IDs) > 0 {
		gone, err = named(list, opt.IDs, &rep)
	} else {
		gone, err = byPolicy(list, opt, &rep)
	}
	if err != nil {
		return rep, err
	}
	for i := range rep.Groups {
		rep.Kept += len(rep.Groups[i].Keep)
		if obs != nil {
			obs.Group(rep.Groups[i])
		}
	}
	rep.Forgotten = len(gone)
	if opt.DryRun || len(gone) == 0 {
		return rep, nil
	}
	return rep, write(ctx, r, gone, &rep, obs)
}

func named(list []repo.Snapshot, ids []repo.Name, rep *Report) ([]repo.Snapshot, error) {
	var gone []repo.Snapshot
	g := GroupReport{Keep: []Entry{}}
	for _, id := range ids {
		i := slices.IndexFunc(list, func(s repo.Snapshot) bool { return s.ID == id })
		switch {
		case i < 0:
			return nil, &repo.NotFoundError{What: id.String()}
		case list[i].Protected:
			return nil, &ProtectedError{id}
		case slices.ContainsFunc(gone, func(s repo.Snapshot) bool { return s.ID == id }):
			continue
		}
		gone = append(gone, list[i])
		g.Remove = append(g.Remove, entry(list[i], nil))
	}
	rep.Groups = []GroupReport{g}
	return gone, nil
}

func byPolicy(list []repo.Snapshot, opt Options, rep *Report) ([]repo.Snapshot, error) {
	if opt.Filter != nil {
		list = slices.DeleteFunc(slices.Clone(list), func(s repo.Snapshot) bool { return !opt.Filter(s) })
	}
	var gone []repo.Snapshot
	for _, g := range Groups(list, opt.GroupBy) {
		gr := GroupReport{Host: g.Host, Paths: g.Paths, Tags: g.Tags, Keep: []Entry{}, Remove: []Entry{}}
		for _, d := range Plan(g.Snapshots, opt.Policy) {
			if d.Keep {
				gr.Keep = append(gr.Keep, entry(d.Snapshot, d.Reasons))
			} else {
				gr.Remove = append(gr.Remove, entry(d.Snapshot, nil))
				gone = append(gone, d.Snapshot)
			}
		}
		if len(gr.Keep) == 0 && !opt.RemoveAll {
			return nil, &AllGoneError{describe(g)}
		}
		rep.Groups = append(rep.Groups, gr)
	}
	return gone, nil
}

func describe(g Group) string {
	var s []string
	if g.Host != "" {
		s = append(s, "host "+g.Host)
	}
	if len(g.Paths) > 0 {
		s = append(s, "paths "+strings.Join(g.Paths, ", "))
	}
	if len(g.Tags) > 0 {
		s = append(s, "tags "+strings.Join(g.Tags, ", "))
	}
	if len(s) == 0 {
		return "the repository"
	}
	return strings.Join(s, ", ")
}

func entry(s repo.Snapshot, reasons []string) Entry {
	return Entry{ID: s.ID, Time: s.Time, Host: s.Host, Paths: s.Paths, Tags: s.Tags, Incomplete: s.Incomplete, Reasons: reasons}
}

// write appends the entry. A snapshot that got another form meanwhile, which
// may protect it, stays.
func write(ctx context.Context, r *repo.Repo, gone []repo.Snapshot, rep *Report, obs Observer) error {
	_, err := r.AppendLog(ctx, func(now *log.State) (log.Body, error) {
		rep.Forgotten = 0
		var f log.Forget
		for i := range gone {
			form, live := now.Form(log.Name(gone[i].ID))
			if live && form == log.Name(gone[i].Form) {
				f.Snapshots = append(f.Snapshots, log.Name(gone[i].ID))
			}
		}
		if rep.Forgotten = len(f.Snapshots); rep.Forgotten == 0 {
			return nil, nil
		}
		return f, nil
	})
	if err != nil {
		return err
	}
	if n := len(gone) - rep.Forgotten; n > 0 && obs != nil {
		obs.Notice(fmt.Sprintf("%d snapshots were changed or forgotten by somebody else meanwhile and were left alone: run it again", n))
	}
	return nil
}
