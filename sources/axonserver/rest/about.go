package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Edition says which requests a server has.
type Edition string

// The editions.
const (
	Standard   Edition = "se"     // up to 4.6
	Enterprise Edition = "ee"     // up to 4.6
	Merged     Edition = "merged" // 2023 and later
)

func (e Edition) String() string {
	switch e {
	case Standard:
		return "Axon Server SE"
	case Enterprise:
		return "Axon Server EE"
	}
	return "Axon Server"
}

// About is what a server says of itself.
type About struct {
	Version   string
	Edition   Edition
	Licence   string // in the server's words, "" where it says nothing
	Node      string
	Clustered bool
	Admin     bool     // the node serves the context _admin
	Contexts  []string // that the node stores, sorted, without _admin
}

// Year returns the first number of the version: 4, 2023.
func (a *About) Year() int {
	first, _, _ := strings.Cut(a.Version, ".")
	n, _ := strconv.Atoi(first)
	return n
}

// About asks who the server is. The first request needs the token where the
// server wants one, so that a wrong token shows here and not later.
func (c *Client) About(ctx context.Context) (About, error) {
	var me struct {
		Clustered bool     `json:"clustered"`
		Admin     bool     `json:"adminNode"`
		Name      string   `json:"name"`
		Contexts  []string `json:"storageContextNames"`
	}
	var a About
	err := c.json(ctx, "/v1/public/me", &me)
	if err != nil && !Missing(err) {
		return a, err
	}
	a.Clustered, a.Admin, a.Node, a.Contexts = me.Clustered, me.Admin, me.Name, me.Contexts
	if err != nil || len(a.Contexts) == 0 {
		if err := c.json(ctx, "/v1/public/mycontexts", &a.Contexts); err != nil {
			return a, err
		}
	}
	a.Contexts = slices.DeleteFunc(slices.Clone(a.Contexts), func(s string) bool { return s == "" || s == "_admin" })
	slices.Sort(a.Contexts)
	a.Contexts = slices.Compact(a.Contexts)
	var version struct {
		Product string `json:"productName"`
		Version string `json:"version"`
	}
	if err := c.json(ctx, "/v1/public/version", &version); err != nil {
		return a, err
	}
	if !strings.Contains(version.Product, "Axon") {
		return a, fmt.Errorf("at %s answers %q, which is no Axon Server", c.url, version.Product)
	}
	a.Version = version.Version
	var licence struct {
		Edition string `json:"edition"`
	}
	if err := c.json(ctx, "/v1/public/license", &licence); err != nil && !Missing(err) {
		return a, err
	}
	a.Licence = licence.Edition
	switch {
	case a.Year() >= 2023:
		a.Edition = Merged
	case a.Clustered, strings.Contains(strings.ToLower(a.Licence), "enterprise"):
		a.Edition = Enterprise
	default:
		a.Edition = Standard
	}
	return a, nil
}

func (c *Client) json(ctx context.Context, path string, into any) error {
	body, err := c.get(ctx, path, nil)
	if err != nil {
		return err
	}
	return c.decode(path, body, into)
}

func (c *Client) decode(path string, body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the Axon Server at %s answers %s with something else than was expected, so another program may answer there: %w", c.url, path, err)
	}
	return nil
}

// Health is how a server says that it is.
type Health struct {
	Status string           // "UP"
	Last   map[string]int64 // token by "<context>.lastEvent" and "<context>.lastSnapshot"; -1 where there is none
}

// LastOf returns the token of the last event or snapshot of a context; false
// where the server does not tell it.
func (h *Health) LastOf(context string, snapshots bool) (int64, bool) {
	key := context + ".lastEvent"
	if snapshots {
		key = context + ".lastSnapshot"
	}
	n, ok := h.Last[key]
	return n, ok
}

// Health asks how the server is. It says nothing about old segments: a server
// is healthy over damaged ones. It needs no token.
func (c *Client) Health(ctx context.Context) (Health, error) {
	var answer struct {
		Status     string `json:"status"`
		Components struct {
			Store struct {
				Details map[string]any `json:"details"`
			} `json:"localEventStore"`
		} `json:"components"`
	}
	body, err := c.get(ctx, "/actuator/health", nil)
	if err != nil {
		return Health{}, err
	}
	if err := c.decode("/actuator/health", body, &answer); err != nil {
		return Health{}, err
	}
	h := Health{Status: answer.Status, Last: map[string]int64{}}
	for k, v := range answer.Components.Store.Details {
		if n, ok := v.(float64); ok && (strings.HasSuffix(k, ".lastEvent") || strings.HasSuffix(k, ".lastSnapshot")) {
			h.Last[k] = int64(n)
		}
	}
	return h, nil
}

// Alive asks once whether a server answers at all. The error is an
// *UnreachableError where none does.
func (c *Client) Alive(ctx context.Context) (bool, error) {
	_, err := c.once(ctx, http.MethodGet, "/actuator/health", nil)
	return err == nil, err
}

// Setting asks for one property of the server, by its whole name. One that it
// does not have or show, or shows masked, is "".
func (c *Client) Setting(ctx context.Context, key string) (string, error) {
	var answer struct {
		Property struct {
			Value any `json:"value"`
		} `json:"property"`
	}
	if err := c.json(ctx, "/actuator/env/"+url.PathEscape(key), &answer); err != nil {
		if Missing(err) {
			err = nil
		}
		return "", err
	}
	value := answer.Property.Value
	if value == nil || strings.Trim(fmt.Sprint(value), "*") == "" {
		return "", nil
	}
	return fmt.Sprint(value), nil
}
