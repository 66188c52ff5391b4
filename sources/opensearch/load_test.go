package opensearch

import (
	"strings"
	"testing"

	"ivyvault/sources"
)

// What comes back with errors, or with another count, is taken away again.
func TestLoadNotWhole(t *testing.T) {
	from := mustBackup(t, newStandIn(t).part(ByExport), nil).tree
	busy := `{"errors":true,"items":[{"index":{"_id":"1","status":201}},{"index":{"_id":"2","status":429,"error":{"type":"rejected","reason":"busy"}}}]}`
	for name, c := range map[string]struct {
		pattern string
		answers []answer
		want    string // "" is a good end
	}{
		"good":           {"GET /x", []answer{{200, "{}"}}, ""},
		"busy at first":  {"POST /*/_bulk", []answer{{429, `{"error":{"reason":"busy"}}`}, {200, busy}, {200, `{"errors":false,"items":[{"index":{"_id":"2","status":201}}]}`}, {200, `{"errors":false,"items":[{"index":{"status":201}},{"index":{"status":201}}]}`}}, ""},
		"an item":        {"POST /*/_bulk", []answer{{200, `{"errors":true,"items":[{"index":{"_id":"1","status":201}},{"index":{"_id":"2","status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse"}}}]}`}}, `"2": mapper_parsing_exception: failed to parse`},
		"items missing":  {"POST /*/_bulk", []answer{{200, `{"errors":false,"items":[]}`}}, "answers for 0 of 2"},
		"errors unnamed": {"POST /*/_bulk", []answer{{200, `{"errors":true,"items":[{"index":{"status":201}},{"index":{"status":201}}]}`}}, "refuses"},
		"count":          {"GET /*/_count", []answer{{200, `{"count":1,"_shards":{}}`}}, "with 1 documents, and 2 were captured"},
		"aliases":        {"POST /_aliases", []answer{{400, `{"error":{"reason":"no"}}`}}, "its aliases"},
		"dies":           {"POST /*/_bulk", []answer{{dies, ""}}, "there is none of that name now"},
		"no room":        {"GET /_nodes/stats/fs", []answer{{200, `{"nodes":{"x":{"fs":{"total":{"available_in_bytes":3}}}}}`}}, "free on its data nodes"},
		"creation":       {"PUT /ivy_*", []answer{{400, `{"error":{"reason":"unknown setting [index.x]"}}`}}, "can't be made"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStandIn(t)
			s.say("GET /ivy_cases", answer{404, `{}`})
			s.say("GET /ivy_tasks", answer{404, `{}`})
			s.say(c.pattern, c.answers...)
			_, err := s.part(ByExport).Restore(t.Context(), from, sources.RestoreOptions{})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if gone := s.wasAsked("DELETE /ivy_cases"); gone != (c.want != "" && name != "creation" && name != "no room") {
				t.Errorf("what was made of it was deleted: %v", gone)
			}
		})
	}
}

// A tree that no capture wrote changes nothing.
func TestHostileTrees(t *testing.T) {
	good := mustBackup(t, newStandIn(t).part(ByExport), nil).tree
	shots := mustBackup(t, newStandIn(t).part(BySnapshot), nil).tree
	for name, c := range map[string]struct {
		snapshot      bool
		file, content string // "" removes it
		only          string
		want          string
	}{
		"no record":        {file: recordName, want: "no capture of a search server"},
		"no JSON":          {file: recordName, content: "x", want: "not understood"},
		"newer":            {file: recordName, content: `{"format":2}`, want: "newer"},
		"method":           {file: recordName, content: `{"format":1,"method":"x","product":"OpenSearch","version":"2.19.6"}`, want: "does not know"},
		"version":          {file: recordName, content: `{"format":1,"method":"export","product":"OpenSearch","version":"2"}`, want: "no version"},
		"name":             {file: recordName, content: `{"format":1,"indices":[{"name":"../x"}]}`, want: "no index can"},
		"twice":            {file: recordName, content: `{"format":1,"indices":[{"name":"x"},{"name":"x"}]}`, want: "twice"},
		"no mappings":      {file: "indices/ivy_cases/mappings.json", want: "can't be used"},
		"bad mappings":     {file: "indices/ivy_cases/mappings.json", content: "{", want: "no JSON"},
		"bad settings":     {file: "indices/ivy_cases/settings.json", content: "[]", want: "can't be used"},
		"no documents":     {file: "indices/ivy_cases/documents.ndjson", want: "can't be used"},
		"unknown index":    {file: "x", content: "x", only: "nope", want: "it holds ivy_cases, ivy_tasks"},
		"no snapshot":      {snapshot: true, file: recordName, content: `{"format":1,"method":"snapshot"}`, want: "names no snapshot"},
		"no list":          {snapshot: true, file: "repository/index-1", want: "file does not exist"},
		"odd generation":   {snapshot: true, file: "repository/index.latest", content: "abc", want: "not 8"},
		"other generation": {snapshot: true, file: "repository/index.latest", content: "\xff\xff\xff\xff\xff\xff\xff\xff", want: "can't be"},
		"other snapshot":   {snapshot: true, file: "repository/index-1", content: `{}`, want: "does not name the snapshot"},
		"hostile folder":   {snapshot: true, file: "repository/index-1", content: strings.ReplaceAll(string(shots["repository/index-1"].Data), "pOrFWeUVQfClfXiIyWZ8ug", "../../x"), want: "does not name the index"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := good
			if c.snapshot {
				tree = shots
			}
			tree = maps(tree)
			delete(tree, c.file)
			if c.content != "" {
				tree[c.file] = file(c.content)
			}
			opt := sources.RestoreOptions{}
			if c.only != "" {
				opt.Only = []string{c.only}
			}
			s := newStandIn(t)
			_, err := s.part(ByExport).Restore(t.Context(), tree, opt)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if s.wasAsked("PUT *") || s.wasAsked("PUT /*") || s.wasAsked("DELETE /*") {
				t.Errorf("the server was changed: %v", s.asked)
			}
		})
	}
	// A line that is no document ends the restore of that index.
	for _, line := range []string{"x\n", `{"_id":1,"_source":{}}` + "\n", `{"_id":"1","_source":[]}` + "\n", `{"_id":"1"}` + "\n", `{"_id":"1","_source":{}}`} {
		tree := maps(good)
		tree["indices/ivy_cases/documents.ndjson"] = file(line)
		s := newStandIn(t)
		s.say("GET /ivy_cases", answer{404, `{}`})
		s.say("GET /ivy_tasks", answer{404, `{}`})
		if _, err := s.part(ByExport).Restore(t.Context(), tree, sources.RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: %v", line, err)
		}
	}
}
