package opensearch

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/secret"
	"ivyvault/sources/sourcetest"
)

func TestConformance(t *testing.T) {
	for _, m := range []Method{BySnapshot, ByExport, ByRebuild} {
		t.Run(string(m), func(t *testing.T) {
			sourcetest.Run(t, func(t *testing.T) sources.Source { return newStandIn(t).part(m) })
		})
	}
}

// What is in the repository's folder and not of the repository is left out, and
// so are lists of earlier generations; lists are always read.
func TestFilesOfRepository(t *testing.T) {
	n := mustBackup(t, newStandIn(t).part(BySnapshot), nil)
	for name, stamp := range map[string]string{
		"capture.json":                               "",
		"repository/index-1":                         "",
		"repository/index.latest":                    "",
		"repository/snap-VA9CdgxdQpWx6cTqQl-Vgw.dat": "blob 10",
		"repository/meta-VA9CdgxdQpWx6cTqQl-Vgw.dat": "blob 15",
		"repository/indices/pOrFWeUVQfClfXiIyWZ8ug/0/__cni8laEZSgadSDacPiQqNA":     "blob 9",
		"repository/indices/pOrFWeUVQfClfXiIyWZ8ug/0/index-PY-2PwZlTE2xBgNRnGzznQ": "blob 17",
	} {
		if got, ok := n.stamps[name]; !ok || got != stamp {
			t.Errorf("%s: there %v, with the stamp %q, want %q", name, ok, got, stamp)
		}
	}
	if len(n.tree) != 7 {
		t.Errorf("%d files: %v", len(n.tree), n.opened)
	}
}

// A snapshot that the server does not call whole is no capture, and goes.
func TestSnapshotNotWhole(t *testing.T) {
	for name, state := range map[string]string{
		"partial":         `{"snapshots":[` + standInShot("ivyvault-one", "PARTIAL", 1) + `]}`,
		"failed":          `{"snapshots":[` + standInShot("ivyvault-one", "FAILED", 2) + `]}`,
		"incompatible":    `{"snapshots":[` + standInShot("ivyvault-one", "INCOMPATIBLE", 0) + `]}`,
		"success it says": `{"snapshots":[` + standInShot("ivyvault-one", "SUCCESS", 1) + `]}`,
		"a failure":       strings.Replace(`{"snapshots":[`+standInShot("ivyvault-one", "SUCCESS", 0)+`]}`, `"failures":[]`, `"failures":[{"index":"ivy_cases","shard_id":0,"reason":"node left"}]`, 1),
		"an index less":   strings.Replace(`{"snapshots":[`+standInShot("ivyvault-one", "SUCCESS", 0)+`]}`, `"ivy_cases",`, ``, 1),
		"deleted":         `{"snapshots":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStandIn(t)
			s.say("GET /_snapshot/ivyvault/ivyvault-one", answer{200, `{"snapshots":[` + standInShot("ivyvault-one", "IN_PROGRESS", 0) + `]}`}, answer{200, state})
			_, err := s.part(BySnapshot).Capture(t.Context())
			if err == nil {
				t.Fatal("it is taken for good")
			}
			if !s.wasAsked("DELETE /_snapshot/ivyvault/ivyvault-one") {
				t.Error("it is not deleted")
			}
			var failed *FailedError
			if !errors.As(err, &failed) && name != "an index less" && name != "deleted" {
				t.Errorf("%v", err)
			}
			if name == "a failure" && !strings.Contains(err.Error(), "ivy_cases, shard 0: node left") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestForeignSnapshotRuns(t *testing.T) {
	s := newStandIn(t)
	s.say("GET /_snapshot/_status", answer{200, `{"snapshots":[{"snapshot":"nightly","repository":"theirs","state":"STARTED"}]}`})
	_, err := s.part(BySnapshot).Capture(t.Context())
	var busy *BusyError
	if !errors.As(err, &busy) || !strings.Contains(err.Error(), "nightly in the repository theirs") {
		t.Errorf("%v", err)
	}
	if s.wasAsked("PUT /_snapshot/ivyvault/*") {
		t.Error("one was begun all the same")
	}
	// One that a killed run began is waited for.
	s = newStandIn(t)
	s.say("GET /_snapshot/_status", answer{200, `{"snapshots":[{"snapshot":"ivyvault-zero","repository":"ivyvault","state":"STARTED"}]}`}, answer{200, `{"snapshots":[]}`})
	if _, err := backup(s.part(BySnapshot), nil); err != nil {
		t.Error(err)
	}
	// One that begins while the files are read makes them worthless.
	s = newStandIn(t)
	s.say("GET /_snapshot/_status", answer{200, `{"snapshots":[]}`}, answer{200, `{"snapshots":[{"snapshot":"x","repository":"ivyvault","state":"STARTED"}]}`})
	if _, err := backup(s.part(BySnapshot), nil); !errors.As(err, &busy) {
		t.Errorf("%v", err)
	}
	if !s.wasAsked("DELETE /_snapshot/ivyvault/ivyvault-one") {
		t.Error("the snapshot of a capture that failed stays")
	}
}

func TestContextEndsWhileASnapshotRuns(t *testing.T) {
	s := newStandIn(t)
	s.say("GET /_snapshot/ivyvault/ivyvault-one", answer{200, `{"snapshots":[` + standInShot("ivyvault-one", "IN_PROGRESS", 0) + `]}`})
	p := s.part(BySnapshot)
	ctx, cancel := context.WithCancel(t.Context())
	p.env.Log = func(line string) {
		if strings.Contains(line, "takes the snapshot") {
			cancel()
		}
	}
	if _, err := p.Capture(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if !s.wasAsked("DELETE /_snapshot/ivyvault/ivyvault-one") {
		t.Error("the snapshot stays")
	}
}

// What an export is told that is not all of it never makes a good capture.
func TestExportNotWhole(t *testing.T) {
	for name, c := range map[string]struct {
		pattern string
		answers []answer
		want    string
	}{
		"shards":       {"POST /*/_search", []answer{{200, strings.Replace(standInPage, `"failed":0`, `"failed":1`, 1)}}, "shards failed"},
		"timed out":    {"POST /*/_search", []answer{{200, strings.Replace(standInPage, `"timed_out":false`, `"timed_out":true`, 1)}}, "ran out of time"},
		"fewer":        {"POST /*/_search", []answer{{200, strings.Replace(standInPage, `"value":2`, `"value":3`, 1)}}, "2 of the 3 documents"},
		"cut":          {"POST /*/_search", []answer{{200, standInPage[:len(standInPage)-40]}}, "broke off"},
		"cut later":    {"POST /_search/scroll", []answer{{200, standInEnd[:60]}}, "broke off"},
		"no JSON":      {"POST /*/_search", []answer{{200, "<html>"}}, "not understood"},
		"no hits":      {"POST /*/_search", []answer{{200, `{"_scroll_id":"x"}`}}, "no hits"},
		"no scroll":    {"POST /*/_search", []answer{{200, strings.Replace(standInPage, `"_scroll_id":"scroll-1",`, "", 1)}}, "lacks _scroll_id"},
		"no source":    {"POST /*/_search", []answer{{200, strings.Replace(standInPage, `"_source":{"n":2},`, "", 1)}}, "without its source"},
		"ran out":      {"POST /_search/scroll", []answer{{404, `{"error":{"type":"search_phase_execution_exception","reason":"No search context found for id [1]"},"status":404}`}}, "No search context"},
		"server error": {"POST /*/_search", []answer{{503, `{"error":{"type":"x","reason":"all shards failed"}}`}}, "all shards failed"},
		"closed":       {"GET /_cat/indices", []answer{{200, `[{"index":"ivy_cases","status":"close"}]`}}, "ivy_cases is closed"},
		"source off":   {"GET /ivy_%2A", []answer{{200, `{"ivy_cases":` + strings.Replace(standInIndex, `"mappings":{`, `"mappings":{"_source":{"enabled":false},`, 1) + `}`}}, "does not keep all"},
		"count fails":  {"GET /*/_count", []answer{{200, `{"count":2,"_shards":{"total":2,"successful":1,"failed":1}}`}}, "can't be counted"},
		"hostile name": {"GET /ivy_%2A", []answer{{200, `{"../../evil":` + standInIndex + `}`}}, "which no index can"},
		"dots":         {"GET /ivy_%2A", []answer{{200, `{"..":` + standInIndex + `}`}}, "can't be a name"},
		"data stream":  {"GET /ivy_%2A", []answer{{200, `{".ds-logs-1":` + standInIndex + `}`}}, "data stream"},
		"no match":     {"GET /ivy_%2A", []answer{{200, `{}`}}, "matches ivy_*"},
		"unknown name": {"GET /ivy_%2A", []answer{{404, `{"error":{"type":"index_not_found_exception","reason":"no such index [x]"}}`}}, "is not there"},
		"other server": {"GET /", []answer{{200, `{"version":{"distribution":"foo","number":"1.2.3"}}`}}, "neither OpenSearch"},
		"too old":      {"GET /", []answer{{200, `{"version":{"number":"6.8.23"}}`}}, "too old"},
		"no server":    {"GET /", []answer{{200, `{"hello":1}`}}, "no search server that is known"},
		"redirect":     {"GET /", []answer{{302, ``}}, "sending elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStandIn(t)
			s.say(c.pattern, c.answers...)
			_, err := backup(s.part(ByExport), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if s.wasAsked("POST /*/_search") && !s.wasAsked("DELETE /_search/scroll") && strings.Contains(name, "cut later") {
				t.Error("the scroll stays open")
			}
		})
	}
}

// Though nobody saw the reader's error, Facts fails.
func TestFactsOfUnreadExport(t *testing.T) {
	c, err := newStandIn(t).part(ByExport).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.(sources.Described).Facts(t.Context()); err == nil || !strings.Contains(err.Error(), "not read to their end") {
		t.Errorf("%v", err)
	}
}

func TestWrittenMeanwhileIsHot(t *testing.T) {
	s := newStandIn(t)
	stats := `{"_all":{"primaries":{"indexing":{"index_total":%,"delete_total":0}}}}`
	s.say("GET /*/_stats/indexing", answer{200, strings.Replace(stats, "%", "2", 1)}, answer{200, strings.Replace(stats, "%", "2", 1)},
		answer{200, strings.Replace(stats, "%", "2", 1)}, answer{200, strings.Replace(stats, "%", "2", 1)}, answer{200, strings.Replace(stats, "%", "3", 1)})
	n := mustBackup(t, s.part(ByExport), nil)
	if n.facts.Consistency != sources.Hot || !strings.Contains(strings.Join(n.facts.Notes, "\n"), "was written while it was read") {
		t.Errorf("%+v", n.facts)
	}
}

// A server behind a load balancer has a path, which all requests get.
func TestURLWithAPath(t *testing.T) {
	s := newStandIn(t)
	s.prefix = "/search/opensearch"
	for _, m := range []Method{ByExport, BySnapshot, ByRebuild} {
		mustBackup(t, s.part(m), nil)
	}
}

// The password is in no error, even where the server says it back.
func TestPasswordIsNotTold(t *testing.T) {
	const password = "hunter2-hunter2"
	t.Setenv("SEARCH_PASSWORD", password)
	v, err := secret.Parse("{env:SEARCH_PASSWORD}")
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]answer{
		"unauthorized": {401, "no: " + password},
		"forbidden":    {403, `{"error":{"type":"security_exception","reason":"no permissions for ` + password + `"}}`},
		"odd":          {500, password},
		"nonsense":     {200, password},
	} {
		s := newStandIn(t)
		s.say("GET /", a)
		p := s.part(ByExport)
		p.c.Username, p.c.Password = "ivy", v
		p.env.Mask = &secret.Mask{}
		_, err := p.Capture(t.Context())
		if err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "unauthorized" && !strings.Contains(err.Error(), "does not accept the user name and password") {
			t.Errorf("%v", err)
		}
	}
	// It is sent, and only as the header that it belongs into.
	var got string
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		got = user + ":" + pass
		w.WriteHeader(http.StatusTeapot)
	}))
	defer h.Close()
	p := New(Config{URL: h.URL, Method: ByExport, Indices: []string{"x"}, Username: "ivy", Password: v}, Env{})
	if _, err := p.Capture(t.Context()); err == nil || got != "ivy:"+password {
		t.Errorf("sent %q, %v", got, err)
	}
}

func TestCertificate(t *testing.T) {
	s := newStandIn(t)
	h := httptest.NewUnstartedServer(s)
	h.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that must fail
	h.StartTLS()
	defer h.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	config := Config{URL: h.URL, Method: ByRebuild, Indices: []string{"ivy_*"}}
	if _, err := New(config, Env{}).Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: %v", err)
	}
	config.CAFile = ca
	mustBackup(t, New(config, Env{}), nil)
	config.CAFile, config.Insecure = "", Unchecked
	mustBackup(t, New(config, Env{}), nil)
	config.Insecure = "true"
	if _, err := New(config, Env{}).Capture(t.Context()); err == nil || !strings.Contains(err.Error(), Unchecked) {
		t.Errorf("insecure: true: %v", err)
	}
}

func TestRebuild(t *testing.T) {
	s := newStandIn(t)
	p := s.part(ByRebuild)
	p.env.Rebuild = "Start the engine."
	n := mustBackup(t, p, nil)
	if !strings.Contains(strings.Join(n.facts.Notes, "\n"), "Start the engine.") || n.facts.Counts["ivy_cases"] != 2 {
		t.Errorf("%+v", n.facts)
	}
	for name := range n.tree {
		if strings.HasSuffix(name, documentsName) {
			t.Errorf("%s was captured", name)
		}
	}
	index := answer{200, `{"ivy_cases":` + standInIndex + `}`}
	s.say("GET /ivy_cases", index)
	s.say("GET /ivy_tasks", answer{404, `{}`})
	var occupied *sources.OccupiedError
	if _, err := p.Restore(t.Context(), n.tree, sources.RestoreOptions{}); !errors.As(err, &occupied) {
		t.Errorf("over stale indices: %v", err)
	}
	out := mustRestore(t, p, n.tree, sources.RestoreOptions{Replace: true})
	if !s.wasAsked("DELETE /ivy_cases") || !strings.Contains(strings.Join(out.Notes, "\n"), "Start the engine.") {
		t.Errorf("%+v", out)
	}
}

// A blob that vanished, or that has another size, is no file that may be left
// out: a backup leaves out what does not exist.
func TestBlobThatVanished(t *testing.T) {
	for name, spoil := range map[string]func(string) error{
		"gone":    os.Remove,
		"shorter": func(f string) error { return os.Truncate(f, 3) },
		"longer":  func(f string) error { return os.Truncate(f, 300) },
	} {
		s := newStandIn(t)
		c, err := s.part(BySnapshot).Capture(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		blob := filepath.Join(s.dir, "indices", "pOrFWeUVQfClfXiIyWZ8ug", "0", "__cni8laEZSgadSDacPiQqNA")
		if err := spoil(blob); err != nil {
			t.Fatal(err)
		}
		if _, err := read(t.Context(), c, nil); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if !s.wasAsked("DELETE /_snapshot/ivyvault/ivyvault-one") {
			t.Errorf("%s: the snapshot stays", name)
		}
	}
}

// Elasticsearch answers the same requests; it names no distribution.
func TestElasticsearch(t *testing.T) {
	for _, version := range []string{"7.3.0", "7.17.9", "8.5.0"} {
		for _, m := range []Method{BySnapshot, ByExport, ByRebuild} {
			s := newStandIn(t)
			s.say("GET /", answer{200, `{"version":{"number":"` + version + `","build_flavor":"default"}}`})
			s.say("GET /ivy_%2A", answer{200, `{"ivy_tasks":` + strings.Replace(standInIndex, "136408427", "7030099", 1) + `,"ivy_cases":` + strings.Replace(standInIndex, "136408427", "7030099", 1) + `}`})
			n := mustBackup(t, s.part(m), nil)
			if n.facts.Product != "Elasticsearch" || n.facts.Version != version || n.facts.Schema["ivy_cases"] != "made by Elasticsearch 7.3.0" {
				t.Errorf("%s by %s: %+v", version, m, n.facts)
			}
		}
	}
}
