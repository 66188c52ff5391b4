package engines

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// face is what an engine shows to the outside: its health.
type face struct {
	Port   string
	asked  atomic.Int64
	status atomic.Int64
	server *httptest.Server
}

func newFace(t *testing.T, path, body string) *face {
	t.Helper()
	f := &face{}
	f.status.Store(200)
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		f.asked.Add(1)
		w.WriteHeader(int(f.status.Load()))
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(f.server.Close)
	_, f.Port, _ = net.SplitHostPort(f.server.Listener.Addr().String())
	return f
}

// index is a search server as its users see it.
type index struct {
	t   *testing.T
	url string
}

func (x index) do(method, path, body string) string {
	x.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, x.url+path, strings.NewReader(body))
	check(x.t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	check(x.t, err)
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	check(x.t, err)
	if res.StatusCode >= 300 && res.StatusCode != 404 {
		x.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, p)
	}
	return string(p)
}

func (x index) add(name, id, text string) {
	x.t.Helper()
	x.do("PUT", "/"+name+"/_doc/"+id+"?refresh=true", fmt.Sprintf(`{"text": %q}`, text))
}

// all are the documents of all of the engine's indices, by index and id.
func (x index) all() map[string]string {
	x.t.Helper()
	out := map[string]string{}
	var got struct {
		Hits struct {
			Hits []struct {
				Index  string `json:"_index"`
				ID     string `json:"_id"`
				Source any    `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	decode(x.t, x.do("GET", "/ivy-*/_search?size=1000", ""), &got)
	for _, h := range got.Hits.Hits {
		out[h.Index+"/"+h.ID] = fmt.Sprint(h.Source)
	}
	return out
}

func (x index) clear() {
	x.t.Helper()
	for name := range x.names() {
		x.do("DELETE", "/"+name, "")
	}
}

func (x index) names() map[string]bool {
	out := map[string]bool{}
	for line := range strings.SplitSeq(x.do("GET", "/_cat/indices/ivy-*?h=index", ""), "\n") {
		if line != "" {
			out[line] = true
		}
	}
	return out
}
