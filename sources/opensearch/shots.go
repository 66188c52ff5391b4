package opensearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// shot is a snapshot as the server tells of it.
type shot struct {
	Name     string            `json:"snapshot"`
	UUID     string            `json:"uuid"`
	State    string            `json:"state"`
	Indices  []string          `json:"indices"`
	Metadata map[string]string `json:"metadata"`
	EndMS    int64             `json:"end_time_in_millis"`
	BeginMS  int64             `json:"start_time_in_millis"`
	Shards   shards            `json:"shards"`
	Failures []struct {
		Index  string `json:"index"`
		Shard  int    `json:"shard_id"`
		Reason string `json:"reason"`
	} `json:"failures"`
}

// by is what the snapshots of ours carry, and for what.
func (p *Part) by() map[string]string {
	return map[string]string{"taken_by": "ivyvault", "of": strings.Join(p.c.patterns(), " ")}
}

// mine tells whether a snapshot was taken by a part of this configuration.
func (p *Part) mine(s *shot) bool {
	if !strings.HasPrefix(s.Name, ours) {
		return false
	}
	for k, v := range p.by() {
		if s.Metadata[k] != v {
			return false
		}
	}
	return true
}

// shotsOf lists the snapshots of a repository, the oldest first as the server
// lists them.
func shotsOf(ctx context.Context, c *client, repository string) ([]shot, error) {
	var all struct {
		Snapshots []shot `json:"snapshots"`
	}
	err := c.get(ctx, &all, "", "_snapshot", repository, "_all")
	return all.Snapshots, err
}

// running is a snapshot that is under way.
type running struct {
	Name       string `json:"snapshot"`
	Repository string `json:"repository"`
	State      string `json:"state"`
	Stats      struct {
		Incremental struct {
			Bytes int64 `json:"size_in_bytes"`
		} `json:"incremental"`
		Processed struct {
			Bytes int64 `json:"size_in_bytes"`
		} `json:"processed"`
	} `json:"stats"`
}

// underWay lists the snapshots that run, in all repositories.
func underWay(ctx context.Context, c *client) ([]running, error) {
	var all struct {
		Snapshots []running `json:"snapshots"`
	}
	err := c.get(ctx, &all, "", "_snapshot", "_status")
	return all.Snapshots, err
}

// BusyError says that the server takes another snapshot.
type BusyError struct{ Repository, Snapshot string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("the search server is taking the snapshot %s in the repository %s, and only one at a time is safe: wait until GET /_snapshot/_status names none, and run again", e.Snapshot, e.Repository)
}

// idle waits for what a killed run of ours left running and refuses while
// others run.
func (p *Part) idle(ctx context.Context, c *client) error {
	for first := true; ; first = false {
		all, err := underWay(ctx, c)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return nil
		}
		r := all[0]
		for _, o := range all {
			if o.Repository != p.c.Snapshot.Repository || !strings.HasPrefix(o.Name, ours) {
				return &BusyError{o.Repository, o.Name}
			}
		}
		if first {
			p.say("the snapshot %s, which an earlier run began, still runs: it is waited for", r.Name)
		}
		if err := sleep(ctx, 5*p.pause); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// remove deletes a snapshot; a running one is broken off. One that is not there
// is as good as deleted.
func remove(ctx context.Context, c *client, repository, name string) error {
	err := c.call(ctx, request{method: http.MethodDelete, path: []string{"_snapshot", repository, name}, long: true}, nil)
	if isStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// sweep deletes what earlier nights left: snapshots of ours that did not become
// whole, and, where the last good capture is known, those after it, which no
// good capture holds, and the oldest beyond the number to keep. So a snapshot
// goes only when a later one is known to be safe.
func (p *Part) sweep(ctx context.Context, c *client) error {
	all, err := shotsOf(ctx, c, p.c.Snapshot.Repository)
	if err != nil {
		return err
	}
	var names []string // to delete
	var good []string
	known := false
	for i := range all {
		s := &all[i]
		switch {
		case !p.mine(s):
		case s.State != "SUCCESS" || known:
			names = append(names, s.Name)
		default:
			good = append(good, s.Name)
			known = p.state != nil && p.state.UUID == s.UUID
		}
	}
	// The one that is about to be taken counts too.
	if known && len(good) > p.c.Snapshot.Keep-1 {
		// The last good one stays until the next one is: it holds most of what
		// that will refer to.
		names = append(names, good[:min(len(good)-1, len(good)-(p.c.Snapshot.Keep-1))]...)
	}
	for _, n := range names {
		if err := remove(ctx, c, p.c.Snapshot.Repository, n); err != nil {
			return fmt.Errorf("the old snapshot %s can't be deleted: %w", n, err)
		}
		p.say("deleted the old snapshot %s", n)
	}
	return nil
}

// FailedError says that a snapshot did not become whole.
type FailedError struct {
	Snapshot string
	State    string // of the server: PARTIAL, FAILED, …
	Shards   shards
	First    string // the first failure in the server's words
}

func (e *FailedError) Error() string {
	text := fmt.Sprintf("the search server calls its snapshot %s %s (%d of %d shards failed), so it is worth nothing and was not captured: see GET /_cluster/health and GET /_cat/shards, and run again when the indices are whole", e.Snapshot, e.State, e.Shards.Failed, e.Shards.Total)
	if e.First != "" {
		text += "; it said: " + e.First
	}
	return text
}

// whole says whether a snapshot that ended is good for all that was asked for.
func (s *shot) whole(indices []string) error {
	e := &FailedError{Snapshot: s.Name, State: s.State, Shards: s.Shards}
	if len(s.Failures) > 0 {
		f := s.Failures[0]
		e.First = fmt.Sprintf("%s, shard %d: %s", f.Index, f.Shard, f.Reason)
	}
	if s.State != "SUCCESS" || s.Shards.Failed > 0 || len(s.Failures) > 0 || s.Shards.OK != s.Shards.Total {
		return e
	}
	has := map[string]bool{}
	for _, i := range s.Indices {
		has[i] = true
	}
	for _, i := range indices {
		if !has[i] {
			return fmt.Errorf("the snapshot %s lacks the index %s; was it deleted meanwhile?", s.Name, i)
		}
	}
	return nil
}

// take has the server take a snapshot of the indices and waits for it. Where it
// does not become whole it is deleted.
func (p *Part) take(ctx context.Context, c *client, indices []string) (*shot, error) {
	name, repository := p.newName(), p.c.Snapshot.Repository
	body := map[string]any{
		"indices": strings.Join(indices, ","), "ignore_unavailable": false, "include_global_state": false,
		"partial": false, "metadata": p.by(),
	}
	err := c.call(ctx, request{method: http.MethodPut, path: []string{"_snapshot", repository, name}, query: "wait_for_completion=false", body: body}, nil)
	var s *shot
	if err == nil {
		p.say("the server takes the snapshot %s", name)
		s, err = p.wait(ctx, c, name)
	}
	if err == nil {
		err = s.whole(indices)
	}
	if err != nil {
		return nil, p.discard(ctx, c, name, err)
	}
	return s, nil
}

// clearing is how long the server may take to delete a snapshot when a capture
// ends badly.
const clearing = time.Minute

// discard deletes a snapshot that is worth nothing and returns why it is.
func (p *Part) discard(ctx context.Context, c *client, name string, why error) error {
	var refused *APIError
	if errors.As(why, &refused) && refused.Request == "PUT /_snapshot/"+p.c.Snapshot.Repository+"/"+name {
		return why // there is none
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearing)
	defer cancel()
	if err := remove(ctx, c, p.c.Snapshot.Repository, name); err != nil {
		return fmt.Errorf("%w; the snapshot %s could not be deleted either, the next run does it: %w", why, name, err)
	}
	return why
}

// longestPause is the longest time between two looks at a running snapshot.
const longestPause = 3 * time.Second

// wait looks at a snapshot until it has ended.
func (p *Part) wait(ctx context.Context, c *client, name string) (*shot, error) {
	pause, told := p.pause, time.Now()
	for {
		var all struct {
			Snapshots []shot `json:"snapshots"`
		}
		if err := c.get(ctx, &all, "", "_snapshot", p.c.Snapshot.Repository, name); err != nil {
			return nil, fmt.Errorf("while the snapshot %s was taken: %w", name, err)
		}
		if len(all.Snapshots) != 1 || all.Snapshots[0].Name != name {
			return nil, fmt.Errorf("the search server does not know the snapshot %s any more: somebody deleted it", name)
		}
		if s := &all.Snapshots[0]; s.State != "IN_PROGRESS" && s.State != "STARTED" {
			return s, nil
		}
		if time.Since(told) > longestPause {
			told = time.Now()
			p.progress(ctx, c, name)
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
		pause = min(longestPause, pause*3/2)
	}
}

// progress tells how far a snapshot is; not to know is no failure.
func (p *Part) progress(ctx context.Context, c *client, name string) {
	var all struct {
		Snapshots []running `json:"snapshots"`
	}
	if err := c.get(ctx, &all, "", "_snapshot", p.c.Snapshot.Repository, name, "_status"); err != nil || len(all.Snapshots) != 1 {
		return
	}
	s := all.Snapshots[0].Stats
	p.say("the snapshot %s: %d of %d MiB", name, s.Processed.Bytes>>20, s.Incremental.Bytes>>20)
}
