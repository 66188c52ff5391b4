package opensearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
)

// registered is a repository as the server tells of it.
type registered struct {
	Type     string `json:"type"`
	Settings struct {
		Location string `json:"location"`
		Readonly any    `json:"readonly"` // "true" or true
	} `json:"settings"`
}

// lookup asks for a repository; nil is none of that name.
func lookup(ctx context.Context, c *client, name string) (*registered, error) {
	var all map[string]registered
	err := c.get(ctx, &all, "", "_snapshot", name)
	if isStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, ok := all[name]
	if !ok {
		return nil, nil
	}
	return &r, nil
}

// register makes a folder known to the server as a repository of snapshots, and
// has all nodes write to it as a test.
func (p *Part) register(ctx context.Context, c *client) error {
	s := &p.c.Snapshot
	r, err := lookup(ctx, c, s.Repository)
	switch {
	case err != nil:
		return err
	case r == nil:
		body := map[string]any{"type": "fs", "settings": map[string]any{"location": s.Location, "compress": true}}
		if err := c.call(ctx, request{method: http.MethodPut, path: []string{"_snapshot", s.Repository}, body: body}, nil); err != nil {
			return placeless(err, s.Location)
		}
		p.say("registered the repository %s at %s", s.Repository, s.Location)
	case r.Type != "fs" || path.Clean(r.Settings.Location) != path.Clean(s.Location):
		return fmt.Errorf("the search server has a repository %s already, of type %s at %q and not at %q: choose another name in snapshot: repository, or name that place", s.Repository, r.Type, r.Settings.Location, s.Location)
	case fmt.Sprint(r.Settings.Readonly) == "true":
		return fmt.Errorf("the repository %s of the search server is readonly, so no snapshot can be taken into it: choose another name in snapshot: repository, and another place", s.Repository)
	}
	var verified struct {
		Nodes map[string]any `json:"nodes"`
	}
	if err := c.call(ctx, request{method: http.MethodPost, path: []string{"_snapshot", s.Repository, "_verify"}}, &verified); err != nil {
		return fmt.Errorf("not all nodes of the search server can use %s: %w", s.Location, placeless(err, s.Location))
	}
	if len(verified.Nodes) == 0 {
		return fmt.Errorf("no node of the search server says that it can use %s", s.Location)
	}
	return nil
}

// PlaceError says that the server may not keep snapshots at a place.
type PlaceError struct {
	Location string
	Err      error
}

func (e *PlaceError) Error() string {
	return fmt.Sprintf("the search server may not use %s: add the line  path.repo: [%q]  to opensearch.yml (elasticsearch.yml) of every node and restart it, the bundled server of Axon Ivy has it in configuration/opensearch; where that can't be done, choose method: export or rebuild (%v)", e.Location, path.Dir(e.Location), e.Err)
}

// Unwrap returns the server's answer.
func (e *PlaceError) Unwrap() error { return e.Err }

// placeless tells the failure of a place that path.repo does not name from
// others.
func placeless(err error, location string) error {
	var e *APIError
	if errors.As(err, &e) && strings.Contains(e.Reason, "path.repo") {
		return &PlaceError{location, err}
	}
	return err
}

// unregister makes the server forget a repository. Its files stay.
func unregister(ctx context.Context, c *client, name string) error {
	err := c.call(ctx, request{method: http.MethodDelete, path: []string{"_snapshot", name}}, nil)
	if isStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}
