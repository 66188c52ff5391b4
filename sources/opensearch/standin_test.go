package opensearch

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// standIn answers as an OpenSearch 2.19.6 did that was recorded, for what a real
// one can't be made to say. It fails the test at any request that it does not
// know.
type standIn struct {
	t      *testing.T
	dir    string // its snapshot repository
	prefix string // of all paths

	mu    sync.Mutex
	other map[string][]answer // by pattern of method and path; the last one stays
	asked []string
}

type answer struct {
	status int
	body   string
}

// dies is the status of an answer that does not come, since the server dies.
const dies = -1

// newStandIn makes one with two indices of two documents each.
func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{t: t, dir: filepath.Join(t.TempDir(), "repo"), other: map[string][]answer{}}
	blob := filepath.Join(s.dir, "indices", "pOrFWeUVQfClfXiIyWZ8ug", "0")
	if err := os.MkdirAll(filepath.Join(s.dir, "tests-x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(blob, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		filepath.Join(blob, "__cni8laEZSgadSDacPiQqNA"):         "documents",
		filepath.Join(blob, "index-PY-2PwZlTE2xBgNRnGzznQ"):     "a list of a shard",
		filepath.Join(s.dir, "snap-VA9CdgxdQpWx6cTqQl-Vgw.dat"): "a snapshot",
		filepath.Join(s.dir, "meta-VA9CdgxdQpWx6cTqQl-Vgw.dat"): "its description",
		filepath.Join(s.dir, "index-1"):                         `{"snapshots":[{"name":"ivyvault-one","uuid":"VA9CdgxdQpWx6cTqQl-Vgw"}],"indices":{"ivy_cases":{"id":"pOrFWeUVQfClfXiIyWZ8ug"},"ivy_tasks":{"id":"pOrFWeUVQfClfXiIyWZ8ug"}}}`,
		filepath.Join(s.dir, "index-0"):                         `an old list`,
		filepath.Join(s.dir, "index.latest"):                    "\x00\x00\x00\x00\x00\x00\x00\x01",
		filepath.Join(s.dir, "tests-x", "master.dat"):           "left by a test",
	} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// start serves and returns the URL.
func (s *standIn) start() string {
	h := httptest.NewServer(s)
	s.t.Cleanup(h.Close)
	return h.URL + s.prefix
}

// say has requests that a pattern matches answered otherwise, one answer after
// the other; the last one stays.
func (s *standIn) say(pattern string, answers ...answer) { s.other[pattern] = answers }

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, ok := strings.CutPrefix(r.URL.EscapedPath(), s.prefix)
	if !ok {
		s.t.Errorf("%s %s is asked for below the path %s", r.Method, r.URL, s.prefix)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	line := r.Method + " " + p
	a := s.answer(line, string(body))
	if a.status == dies {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	if a.status/100 == 3 {
		w.Header().Set("Location", "http://127.0.0.1:1/")
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func (s *standIn) answer(line, body string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, line)
	for pattern, list := range s.other {
		if ok, err := path.Match(pattern, line); err != nil || !ok {
			continue
		}
		if len(list) > 1 {
			s.other[pattern] = list[1:]
		}
		return list[0]
	}
	text, ok := s.usual(line, body)
	if !ok {
		s.t.Errorf("the request %s is unknown", line)
		return answer{http.StatusBadRequest, `{"error":"no handler found"}`}
	}
	return answer{http.StatusOK, text}
}

// wasAsked reports whether a request that the pattern matches came.
func (s *standIn) wasAsked(pattern string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.asked, func(line string) bool {
		ok, err := path.Match(pattern, line)
		return ok && err == nil
	})
}

const (
	standInRoot  = `{"name":"n1","version":{"distribution":"opensearch","number":"2.19.6","minimum_index_compatibility_version":"7.0.0"}}`
	standInIndex = `{"aliases":{"search":{}},"mappings":{"properties":{"n":{"type":"integer"}}},"settings":{"index":{"number_of_shards":"1","creation_date":"1795282303441","number_of_replicas":"0","uuid":"x","version":{"created":"136408427"},"provided_name":"p"}}}`
	standInPage  = `{"_scroll_id":"scroll-1","took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":2,"relation":"eq"},"max_score":null,"hits":[{"_index":"i","_id":"1","_score":null,"_source":{"n":1},"sort":["1"]},{"_index":"i","_id":"2","_score":null,"_source":{"n":2},"sort":["2"]}]}}`
	standInEnd   = `{"_scroll_id":"scroll-1","took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":2,"relation":"eq"},"max_score":null,"hits":[]}}`
)

func standInShot(name, state string, failed int) string {
	return fmt.Sprintf(`{"snapshot":%q,"uuid":"VA9CdgxdQpWx6cTqQl-Vgw","version":"2.19.6","indices":["ivy_cases","ivy_tasks"],"include_global_state":false,"state":%q,"start_time_in_millis":1795263565814,"end_time_in_millis":1795263566014,"failures":[],"shards":{"total":2,"failed":%d,"successful":%d}}`, name, state, failed, 2-failed)
}

// usual are the recorded answers of a server where all is well.
func (s *standIn) usual(line, body string) (string, bool) {
	const acknowledged = `{"acknowledged":true}`
	if name, ok := strings.CutPrefix(line, "GET /_snapshot/ivyvault/"); ok && name != "_all" && !strings.Contains(name, "/") {
		return `{"snapshots":[` + standInShot(name, "SUCCESS", 0) + `]}`, true
	}
	for _, u := range []struct{ pattern, body string }{
		{"GET /", standInRoot},
		{"GET /_cat/indices", `[{"index":"ivy_cases","status":"open","pri.store.size":"38000"},{"index":"ivy_tasks","status":"open","pri.store.size":"38000"}]`},
		{"GET /*/_count", `{"count":2,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}}`},
		{"GET /*/_stats/indexing", `{"_all":{"primaries":{"indexing":{"index_total":2,"delete_total":0}}}}`},
		{"POST /*/_refresh", `{"_shards":{"total":1,"successful":1,"failed":0}}`},
		{"POST /_search/scroll", standInEnd},
		{"DELETE /_search/scroll", `{"succeeded":true,"num_freed":1}`},
		{"POST /*/_search", standInPage},
		{"GET /_snapshot/ivyvault", fmt.Sprintf(`{"ivyvault":{"type":"fs","settings":{"location":%q,"compress":"true"}}}`, s.dir)},
		{"POST /_snapshot/ivyvault/_verify", `{"nodes":{"eyGUyoK0SLm4Acrsu4BCdQ":{"name":"n1"}}}`},
		{"GET /_snapshot/_status", `{"snapshots":[]}`},
		{"GET /_snapshot/ivyvault/_all", `{"snapshots":[]}`},
		{"GET /_snapshot/ivyvault/*/_status", `{"snapshots":[]}`},
		{"PUT /_snapshot/ivyvault/*", `{"accepted":true}`},
		{"DELETE /_snapshot/ivyvault/*", acknowledged},
		{"GET /ivy_%2A", `{"ivy_tasks":` + standInIndex + `,"ivy_cases":` + standInIndex + `}`},
		{"PUT /*", acknowledged},
		{"DELETE /*", acknowledged},
		{"POST /_aliases", acknowledged},
		{"GET /_nodes/stats/fs", `{"nodes":{"x":{"fs":{"total":{"total_in_bytes":2000000000,"available_in_bytes":1000000000}}}}}`},
	} {
		if ok, err := path.Match(u.pattern, line); ok && err == nil {
			return u.body, true
		}
	}
	if strings.HasPrefix(line, "POST /") && strings.HasSuffix(line, "/_bulk") {
		var items []map[string]any
		for i := range strings.Count(body, "\n") / 2 {
			items = append(items, map[string]any{"index": map[string]any{"_id": fmt.Sprint(i), "status": 201}})
		}
		p, err := json.Marshal(map[string]any{"errors": false, "items": items})
		return string(p), err == nil
	}
	return "", false
}

func (s *standIn) part(m Method) *Part {
	p := New(Config{URL: s.start(), Method: m, Indices: []string{"ivy_*"}, Snapshot: SnapshotConfig{Location: s.dir}}, Env{})
	p.pause = time.Millisecond
	p.newName = func() string { return "ivyvault-one" }
	return p
}
