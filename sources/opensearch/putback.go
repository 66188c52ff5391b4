package opensearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// restoreRepository begins the names of the repositories that a restore
// registers for a while.
const restoreRepository = ours + "restore-"

// snapshot puts back indices from a captured repository: it is placed where the
// server can read it, registered readonly, restored from and taken away again.
func (r *restoring) snapshot(ctx context.Context, at *RestoreConfig) (err error) {
	if err := restorable(r.taken, r.to, r.chosen); err != nil {
		return err
	}
	c, err := r.readContents()
	if err != nil {
		return fmt.Errorf("the captured repository can't be used: %w", err)
	}
	if err := r.occupied(ctx); err != nil {
		return err
	}
	to, err := r.place(ctx, at, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.dir.Close()) }()
	if err := r.forgotten(ctx, at); err != nil {
		return err
	}
	name := restoreRepository + strings.TrimPrefix(r.p.newName(), ours)
	// Before the request: one whose answer is lost may have been obeyed.
	defer func() {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearing)
		defer cancel()
		if e := unregister(clean, r.c, name); e != nil {
			err = errors.Join(err, fmt.Errorf("the repository %s is still registered, the next restore removes it: %w", name, e))
		}
	}()
	body := map[string]any{"type": "fs", "settings": map[string]any{"location": to.server, "readonly": true}}
	if err := r.c.call(ctx, request{method: http.MethodPut, path: []string{"_snapshot", name}, body: body}, nil); err != nil {
		return placeless(err, to.server)
	}
	all, err := shotsOf(ctx, r.c, name)
	if err != nil {
		return fmt.Errorf("the server can't read the copy of the repository at %s: %w", to.server, err)
	}
	seen := false
	for i := range all {
		seen = seen || all[i].UUID == r.rec.Snapshot.UUID
	}
	if !seen {
		return fmt.Errorf("the server sees no snapshot %s at %s: is that the folder which this machine calls %s? Set restore: local", r.rec.Snapshot.Name, to.server, to.dir.Path())
	}
	return r.putBack(ctx, name)
}

// forgotten unregisters what killed restores left: repositories of ours whose
// folder is gone.
func (r *restoring) forgotten(ctx context.Context, at *RestoreConfig) error {
	var all map[string]registered
	if err := r.c.get(ctx, &all, "", "_snapshot"); err != nil {
		return err
	}
	for name, x := range all {
		if !strings.HasPrefix(name, restoreRepository) || path.Dir(x.Settings.Location) != path.Clean(at.Location) {
			continue
		}
		if _, err := os.Stat(filepath.Join(at.Local, path.Base(x.Settings.Location))); err == nil {
			continue
		}
		if err := unregister(ctx, r.c, name); err != nil {
			return fmt.Errorf("the repository %s, which an earlier restore left, can't be removed: %w", name, err)
		}
		r.opt.Say("removed the repository %s, which an earlier restore left", name)
	}
	return nil
}

// putBack restores the indices from a registered repository.
func (r *restoring) putBack(ctx context.Context, repository string) error {
	closed, err := r.makeWay(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, x := range r.chosen {
		names = append(names, x.Name)
	}
	prefix := r.p.c.Restore.Prefix
	body := map[string]any{
		"indices": strings.Join(names, ","), "ignore_unavailable": false, "include_global_state": false,
		"partial": false, "include_aliases": prefix == "",
	}
	if prefix != "" {
		body["rename_pattern"], body["rename_replacement"] = "(.+)", regexp.MustCompile(`[\\$]`).ReplaceAllString(prefix, `\$0`)+"$1"
		r.out.Notes = append(r.out.Notes, "aliases were not put back, since they belong to the indices that live")
	}
	var answer struct {
		Snapshot shot `json:"snapshot"`
	}
	r.opt.Say("the server restores %d indices", len(names))
	err = r.c.call(ctx, request{method: http.MethodPost, path: []string{"_snapshot", repository, r.rec.Snapshot.Name, "_restore"}, query: "wait_for_completion=true", body: body, long: true}, &answer)
	var refused *APIError
	if errors.As(err, &refused) {
		return r.reopen(ctx, closed, err)
	}
	if err != nil {
		return fmt.Errorf("%w; the restore may go on, and %s must not be relied on until it is repeated", err, strings.Join(names, ", "))
	}
	if s := answer.Snapshot.Shards; s.Failed > 0 || s.OK != s.Total || s.Total == 0 {
		return fmt.Errorf("%w: the indices %s are there, but not whole: restore again with --replace", &FailedError{Snapshot: r.rec.Snapshot.Name, State: "restored in part", Shards: s}, strings.Join(names, ", "))
	}
	var wrong []error
	for _, x := range r.chosen {
		if x.Closed {
			r.out.Notes = append(r.out.Notes, x.Name+" was closed when it was captured; see whether it has to be opened")
			continue
		}
		want := int64(-1)
		if x.Exact {
			want = x.Documents
		}
		wrong = append(wrong, r.counted(ctx, r.target(x.Name), want))
	}
	return errors.Join(wrong...)
}

// makeWay closes what lives under the names that come back, so that it is still
// there where the server refuses to restore. What has another number of shards
// can't be restored over, and is deleted.
func (r *restoring) makeWay(ctx context.Context) (closed []string, err error) {
	for _, x := range r.chosen {
		name := r.target(x.Name)
		shards, ok := r.lives[name]
		switch {
		case !ok:
			continue
		case shards != x.Shards:
			if err = r.delete(ctx, name); err == nil {
				r.opt.Say("deleted %s, which is replaced", name)
			}
		default:
			err = r.c.call(ctx, request{method: http.MethodPost, path: []string{name, "_close"}}, nil)
			if err == nil {
				closed = append(closed, name)
				r.opt.Say("closed %s, which is replaced", name)
			}
		}
		if err != nil {
			return nil, r.reopen(ctx, closed, err)
		}
	}
	return closed, nil
}

// reopen opens again what was closed for a restore that did not begin.
func (r *restoring) reopen(ctx context.Context, closed []string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearing)
	defer cancel()
	for _, name := range closed {
		if err := r.c.call(ctx, request{method: http.MethodPost, path: []string{name, "_open"}}, nil); err != nil {
			why = fmt.Errorf("%w; %s was closed for it and can't be opened again: %w", why, name, err)
		}
	}
	return why
}
