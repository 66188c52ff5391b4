package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"ivyvault/sources/axonserver/segment"
)

// List is what a server says is to be copied.
type List struct {
	// Closed is the number of the newest closed segment, -1 where there is none.
	// From an old server it is the newest of those that it named.
	Closed int64
	Paths  []string // on the server's side, clean
	Open   bool     // the open segments are among them; old servers leave them out
}

// Segments lists the files of a context that lie above the watermark, which is
// the number of a closed segment, or -1. The version that the newest servers
// would take for a second watermark is never sent: what was transformed comes
// every time then, and is known by its name; otherwise an old segment
// could be missed that was transformed later.
func (c *Client) Segments(ctx context.Context, kind segment.Kind, name string, watermark int64) (List, error) {
	q := url.Values{"type": {typeOf(kind)}, "targetContext": {name}}
	if watermark >= 0 {
		q.Set("lastClosedSegmentBackedUp", strconv.FormatInt(watermark, 10))
	}
	const at = "/v1/backup/eventstore"
	body, err := c.get(ctx, at, q)
	if Missing(err) {
		return c.oldSegments(ctx, kind, name, watermark)
	}
	if err != nil {
		return List{}, err
	}
	var answer struct {
		Closed *int64   `json:"lastClosedSegment"`
		Paths  []string `json:"filenames"`
	}
	if err := c.decode(at, body, &answer); err != nil {
		return List{}, err
	}
	if answer.Closed == nil || *answer.Closed < -1 {
		return List{}, fmt.Errorf("the Axon Server at %s answers %s without the number of the last closed segment: its version is one that is not known here", c.url, at)
	}
	l := List{Closed: *answer.Closed, Open: true}
	l.Paths, err = c.clean(at, answer.Paths)
	return l, err
}

// oldSegments asks as servers before 4.5.12 want to be asked.
func (c *Client) oldSegments(ctx context.Context, kind segment.Kind, name string, watermark int64) (List, error) {
	const at = "/v1/backup/filenames"
	q := url.Values{"type": {typeOf(kind)}, "context": {name}}
	if watermark >= 0 {
		q.Set("lastSegmentBackedUp", strconv.FormatInt(watermark, 10))
	}
	paths, err := c.paths(ctx, at, q)
	l := List{Closed: -1, Paths: paths}
	for _, p := range paths {
		if n, ok := segment.ParseName(path.Base(p)); ok && n.Part == segment.Data {
			l.Closed = max(l.Closed, n.Number)
		}
	}
	return l, err
}

// Logs lists the log entry segments of a replication group, all of them. The
// parameter is called context, and is the name of the group.
func (c *Client) Logs(ctx context.Context, group string) ([]string, error) {
	return c.paths(ctx, "/v1/backup/log/filenames", url.Values{"context": {group}})
}

func (c *Client) paths(ctx context.Context, at string, q url.Values) ([]string, error) {
	body, err := c.get(ctx, at, q)
	if err != nil {
		return nil, err
	}
	var list []string
	if err := c.decode(at, body, &list); err != nil {
		return nil, err
	}
	return c.clean(at, list)
}

func typeOf(kind segment.Kind) string {
	if kind == segment.Snapshots {
		return "SNAPSHOT"
	}
	return "EVENT"
}

func (c *Client) clean(at string, list []string) ([]string, error) {
	out := make([]string, 0, len(list))
	for _, p := range list {
		clean, err := c.cleanPath(at, p)
		if err != nil {
			return nil, err
		}
		out = append(out, clean)
	}
	return out, nil
}

// cleanPath accepts absolute paths only, and removes what a relative property
// leaves in them: /srv/axonserver/./events.
func (c *Client) cleanPath(at, p string) (string, error) {
	if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, "\x00\r\n") || len(p) > 4096 || !utf8.ValidString(p) {
		return "", fmt.Errorf("the Axon Server at %s answers %s with %.100q, which is no absolute path of a file", c.url, at, p)
	}
	return path.Clean(p), nil
}

// BackupControlDB has the server write a copy of its control database, and
// returns the path of the zip file on the server's side. Removing it is the
// caller's: servers never do. It is not repeated, since each call writes a file.
func (c *Client) BackupControlDB(ctx context.Context) (string, error) {
	at := "/v1/backup/createControlDbBackup"
	body, err := c.once(ctx, http.MethodPost, at, nil)
	if Missing(err) {
		at = "/createControlDbBackup" // the standard edition's
		body, err = c.once(ctx, http.MethodPost, at, nil)
	}
	if err != nil {
		return "", err
	}
	p, err := c.cleanPath(at, strings.Trim(strings.TrimSpace(string(body)), `"`))
	if err != nil {
		return "", err
	}
	if name := path.Base(p); !strings.HasPrefix(name, "controldb") || !strings.HasSuffix(name, ".zip") {
		return "", fmt.Errorf("the Axon Server at %s says that it wrote its control database to %s, which has not the name of such a copy: it was left alone", c.url, p)
	}
	return p, nil
}
