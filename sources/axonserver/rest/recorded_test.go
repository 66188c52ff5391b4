package rest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/axonserver/segment"
)

// recorded answers as the real server did; the last answer to a request counts.
func recorded(t *testing.T) *rest.Client {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "axonserver", "rest-4.6.12.txt"))
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		status int
		header http.Header
		body   string
	}
	answers := map[string]answer{}
	for _, block := range strings.Split(strings.ReplaceAll(string(text), "\r", ""), "$ curl ")[1:] {
		request, rest, _ := strings.Cut(block, "\n")
		method := "GET"
		if strings.Contains(request, "-X POST") {
			method = "POST"
		}
		_, at, _ := strings.Cut(request, "http://HOST:8024")
		head, body, _ := strings.Cut(rest, "\n\n")
		a := answer{header: http.Header{}, body: strings.TrimSpace(body)}
		for i, line := range strings.Split(head, "\n") {
			if i == 0 {
				fmt.Sscanf(line, "HTTP/1.1 %d", &a.status)
			} else if k, v, ok := strings.Cut(line, ": "); ok && !strings.Contains(k, "Length") && k != "Transfer-Encoding" {
				a.header.Set(k, v)
			}
		}
		u, err := url.Parse(at)
		if err != nil || a.status == 0 {
			t.Fatalf("%s: %v", request, err)
		}
		if strings.Contains(request, "-H") {
			continue // what this client never sends
		}
		answers[method+" "+u.Path+"?"+u.Query().Encode()] = a
	}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[r.Method+" "+r.URL.Path+"?"+r.URL.Query().Encode()]
		if !ok {
			t.Errorf("it was never recorded: %s %s", r.Method, r.URL)
		}
		for k, v := range a.header {
			w.Header()[k] = v
		}
		w.WriteHeader(max(a.status, 100))
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(h.Close)
	c, err := rest.New(h.URL, rest.Options{Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What a real 4.6.12 answered is understood.
func TestRecorded(t *testing.T) {
	c := recorded(t)
	a, err := c.About(t.Context())
	if err != nil || a.Edition != rest.Standard || a.Version != "4.6.12-SNAPSHOT" || a.Node != "axon-sample" || fmt.Sprint(a.Contexts) != "[default]" || !a.Admin || a.Clustered || a.Licence != "Standard Edition" {
		t.Errorf("%+v, %v", a, err)
	}
	h, err := c.Health(t.Context())
	events, _ := h.LastOf("default", false)
	snapshots, _ := h.LastOf("default", true)
	if err != nil || events != 8999 || snapshots != 224 {
		t.Errorf("%+v, %v", h, err)
	}
	l, err := c.Segments(t.Context(), segment.Events, "default", 7569)
	if err != nil || l.Closed != 7610 || len(l.Paths) != 4 || !l.Open || l.Paths[0] != "/srv/axonserver/events/default/00000000000000008378.events" {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := c.Segments(t.Context(), segment.Events, "nosuch", -1); !rest.NoContext(err) || !strings.Contains(err.Error(), "Missing worker for context: nosuch") {
		t.Error(err)
	}
	if _, err := c.Segments(t.Context(), segment.Events, "_admin", -1); !rest.NoContext(err) {
		t.Error(err)
	}
	if _, err := c.Logs(t.Context(), "default"); !rest.Missing(err) {
		t.Error(err)
	}
	if p, err := c.BackupControlDB(t.Context()); err != nil || p != "/srv/axonserver/controldb-backup/controldb1795262410761.zip" {
		t.Errorf("%s, %v", p, err)
	}
}
