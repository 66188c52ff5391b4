package systems

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ivyvault/sources/opensearch/opensearchtest"
)

// search is a running OpenSearch with an index of many documents.
type search struct {
	*opensearchtest.Server
	t *testing.T
}

// ask sends a request that must succeed and decodes the answer.
func (s search) ask(into any, method, path, body string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	check(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	check(s.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(s.t, err)
	if res.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s: %s", method, path, text)
	}
	if into != nil {
		check(s.t, json.Unmarshal(text, into))
	}
}

func startSearch(t *testing.T) search {
	t.Helper()
	server, err := opensearchtest.Start(t.Context())
	if missing := (*opensearchtest.MissingError)(nil); errors.As(err, &missing) {
		t.Skip(err)
	}
	check(t, err)
	t.Cleanup(func() { check(t, server.Stop()) })
	s := search{server, t}
	s.ask(nil, "PUT", "/ivy-claims", `{"settings":{"number_of_replicas":0,"number_of_shards":1}}`)
	for part := range 4 {
		var bulk bytes.Buffer
		for n := range 500 {
			fmt.Fprintf(&bulk, "{\"index\":{\"_id\":\"%d-%d\"}}\n{\"body\":\"%x\"}\n", part, n, content(part*500 + n)[:3<<9])
		}
		s.ask(nil, "POST", "/ivy-claims/_bulk", bulk.String())
	}
	s.ask(nil, "POST", "/ivy-claims/_refresh", "")
	return s
}

// throttle makes the server slow, or fast again, at taking snapshots.
func (s search) throttle(location, rate string) {
	s.t.Helper()
	s.ask(nil, "PUT", "/_snapshot/ivyvault", fmt.Sprintf(`{"type":"fs","settings":{"location":%q,"max_snapshot_bytes_per_sec":%q}}`, location, rate))
}

// taking tells whether the server is in the middle of a snapshot.
func (s search) taking() bool {
	var st struct {
		Snapshots []struct {
			State string `json:"state"`
		} `json:"snapshots"`
	}
	s.ask(&st, "GET", "/_snapshot/_status", "")
	return len(st.Snapshots) == 1 && st.Snapshots[0].State == "STARTED"
}

// views counts the views of indices that the server holds for readers.
func (s search) views() (open int) {
	var st struct {
		Nodes map[string]struct {
			Indices struct {
				Search struct {
					Open int `json:"scroll_current"`
				} `json:"search"`
			} `json:"indices"`
		} `json:"nodes"`
	}
	s.ask(&st, "GET", "/_nodes/stats/indices/search", "")
	for _, n := range st.Nodes {
		open += n.Indices.Search.Open
	}
	return open
}

// Two systems lie on one server, one captured by snapshots, one by export, so
// that it has to die only once.
func TestOpenSearch(t *testing.T) {
	t.Parallel()
	s := startSearch(t)
	u, err := url.Parse(s.URL)
	check(t, err)
	location := filepath.Join(s.Repo, "nightly")
	s.throttle(location, "100mb")

	g := newGate(t, u.Host)
	shots := newHost(t, fmt.Sprintf("    search: {url: %q, method: snapshot, indices: [ivy-*], snapshot: {location: %s}}\n", s.URL, location))
	reads := &story{h: newHost(t, fmt.Sprintf("    search: {url: \"http://%s\", method: export, indices: [ivy-*]}\n", g.addr)),
		part: "search", gate: g, trap: func() *trap { return &trap{answers: deep / 4} }}
	takes := &story{h: shots, part: "search"}

	// onlyWhole fails the test where snapshots are on the server that are not
	// whole, or more than are kept.
	onlyWhole := func(when string) {
		t.Helper()
		var all struct {
			Snapshots []struct{ Snapshot, State string } `json:"snapshots"`
		}
		s.ask(&all, "GET", "/_snapshot/ivyvault/_all", "")
		for _, x := range all.Snapshots {
			if x.State != "SUCCESS" {
				t.Errorf("%s the snapshot %s is left: %s", when, x.Snapshot, x.State)
			}
		}
		if n := len(all.Snapshots); n > 2 {
			t.Errorf("%s %d snapshots are left on the server", when, n)
		}
		if s.taking() {
			t.Errorf("%s the server still takes a snapshot", when)
		}
	}
	middle := func() *process {
		t.Helper()
		s.throttle(location, "2mb")
		// New documents, since what was in the snapshot before needs no copying.
		for n := range 4 {
			s.ask(nil, "POST", "/ivy-claims/_doc?refresh", fmt.Sprintf(`{"body":"%x"}`, content(n)))
		}
		p := shots.start("backup", "--system", "claims")
		until(t, "the server takes a snapshot", func() bool {
			select {
			case <-p.gone:
				t.Fatalf("it ended before the server took a snapshot: %s", p.end)
			default:
			}
			return s.taking()
		})
		return p
	}

	reads.night(t)
	takes.night(t)

	// Broken off: at once nothing is left, neither here nor there.
	p := middle()
	p.signal(syscall.SIGINT)
	p.want(130).says(t, "interrupted")
	shots.clean("interrupted,")
	onlyWhole("interrupted,")
	p = reads.held(t)
	p.signal(syscall.SIGINT)
	p.want(130)
	g.open()
	reads.over(t, "interrupted,")
	until(t, "the server has let go of the view that was read", func() bool { return s.views() == 0 })

	// Killed: the next night clears up.
	for _, st := range []*story{takes, reads} {
		before := len(st.h.snapshots())
		if st == takes {
			p = middle()
		} else {
			p = st.held(t)
		}
		if r := p.kill(); r.code != -1 {
			t.Fatalf("it ended before it was killed: %s", r)
		}
		g.open()
		if n := len(st.h.snapshots()); n != before {
			t.Errorf("the killed run left %d snapshots", n-before)
		}
		if !s.taking() {
			s.throttle(location, "100mb")
		}
		st.night(t)
	}
	onlyWhole("after the night that follows a killed one,")

	// The server dies, in the middle of both.
	p = middle()
	q := reads.held(t)
	s.Kill()
	g.open()
	takes.incomplete(t, p.want(3), s.URL)
	reads.incomplete(t, q.want(3), "http://"+g.addr)
	shots.clean("the server having died,")
	reads.h.clean("the server having died,")
	check(t, s.Launch(t.Context()))
	s.throttle(location, "100mb")
	takes.night(t)
	reads.night(t)
	onlyWhole("after the night that follows the server's death,")
}
