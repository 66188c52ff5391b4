package opensearch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
)

// restoringStandIn is a stand-in that a captured repository goes back to, with
// one of its two indices alive, and the folder that it is placed in.
func restoringStandIn(t *testing.T) (s *standIn, p *Part, place string) {
	t.Helper()
	s = newStandIn(t)
	p = s.part(BySnapshot)
	place = filepath.Dir(s.dir)
	s.say("GET /ivy_cases", answer{200, `{"ivy_cases":` + standInIndex + `}`})
	s.say("GET /ivy_tasks", answer{404, `{}`})
	s.say("GET /_snapshot", answer{200, `{"ivyvault":{"type":"fs","settings":{"location":"/x"}}}`})
	s.say("PUT /_snapshot/ivyvault-restore-one", answer{200, `{"acknowledged":true}`})
	s.say("GET /_snapshot/ivyvault-restore-one/_all", answer{200, `{"snapshots":[` + standInShot("ivyvault-one", "SUCCESS", 0) + `]}`})
	s.say("DELETE /_snapshot/ivyvault-restore-one", answer{200, `{"acknowledged":true}`})
	s.say("POST /ivy_cases/_close", answer{200, `{"acknowledged":true}`})
	s.say("POST /ivy_cases/_open", answer{200, `{"acknowledged":true}`})
	s.say("POST /_snapshot/ivyvault-restore-one/ivyvault-one/_restore", answer{200, `{"snapshot":{"snapshot":"ivyvault-one","indices":["ivy_cases","ivy_tasks"],"shards":{"total":2,"failed":0,"successful":2}}}`})
	return s, p, place
}

func TestPutBack(t *testing.T) {
	from := mustBackup(t, newStandIn(t).part(BySnapshot), nil).tree
	for name, c := range map[string]struct {
		pattern string
		say     answer
		want    string // "" is a good end
		changed bool   // the server was told to restore
	}{
		"good":          {"GET /x", answer{200, ""}, "", true},
		"older":         {"GET /", answer{200, strings.Replace(standInRoot, "2.19.6", "2.19.5", 1)}, "older than the one that took it", false},
		"elsewhere":     {"GET /", answer{200, `{"version":{"number":"8.5.0"}}`}, "does not know the version numbers", false},
		"path.repo":     {"PUT /_snapshot/ivyvault-restore-one", answer{500, `{"error":{"type":"repository_exception","reason":"[x] failed to create repository","caused_by":{"type":"repository_exception","reason":"[x] location [/y] doesn't match any of the locations specified by path.repo"}},"status":500}`}, "path.repo: [", false},
		"other folder":  {"GET /_snapshot/ivyvault-restore-one/_all", answer{200, `{"snapshots":[]}`}, "Set restore: local", false},
		"unreadable":    {"GET /_snapshot/ivyvault-restore-one/_all", answer{500, `{"error":{"reason":"could not read repository data"}}`}, "can't read the copy", false},
		"no room":       {"GET /_nodes/stats/fs", answer{200, `{"nodes":{"x":{"fs":{"total":{"available_in_bytes":3}}}}}`}, "free on its data nodes", false},
		"dies":          {"POST /_snapshot/*/*/_restore", answer{dies, ""}, "must not be relied on until it is repeated", true},
		"refused":       {"POST /_snapshot/*/*/_restore", answer{500, `{"error":{"type":"snapshot_restore_exception","reason":"cannot restore"}}`}, "cannot restore", true},
		"failed shards": {"POST /_snapshot/*/*/_restore", answer{200, `{"snapshot":{"shards":{"total":2,"failed":1,"successful":1}}}`}, "not whole", true},
		"no shards":     {"POST /_snapshot/*/*/_restore", answer{200, `{"accepted":true}`}, "not whole", true},
		"count":         {"GET /ivy_tasks/_count", answer{200, `{"count":1,"_shards":{}}`}, "ivy_tasks came back with 1 documents, and 2 were captured", true},
		"unregister":    {"DELETE /_snapshot/ivyvault-restore-one", answer{500, `{"error":{"reason":"trying to modify or unregister repository that is currently used"}}`}, "still registered", true},
	} {
		t.Run(name, func(t *testing.T) {
			s, p, place := restoringStandIn(t)
			delete(s.other, c.pattern)
			if c.pattern == "POST /_snapshot/*/*/_restore" {
				delete(s.other, "POST /_snapshot/ivyvault-restore-one/ivyvault-one/_restore")
			}
			s.say(c.pattern, c.say)
			_, err := p.Restore(t.Context(), from, sources.RestoreOptions{Replace: true})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if s.wasAsked("POST /_snapshot/*/*/_restore") != c.changed || s.wasAsked("POST /ivy_cases/_close") != c.changed {
				t.Errorf("the server was asked %v", s.asked)
			}
			if s.wasAsked("POST /ivy_cases/_open") != (name == "refused") {
				t.Errorf("it was opened again: %v", name != "refused")
			}
			if s.wasAsked("PUT /_snapshot/*") && !s.wasAsked("DELETE /_snapshot/ivyvault-restore-one") {
				t.Error("the repository stays registered")
			}
			left, err := os.ReadDir(place)
			if err != nil || len(left) != 1 {
				t.Errorf("%v is left, %v", left, err)
			}
		})
	}
}

func TestPutBackNotOver(t *testing.T) {
	from := mustBackup(t, newStandIn(t).part(BySnapshot), nil).tree
	s, p, _ := restoringStandIn(t)
	var occupied *sources.OccupiedError
	if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{}); !errors.As(err, &occupied) || !strings.Contains(err.Error(), "ivy_cases") {
		t.Errorf("over what lives: %v", err)
	}
	s.say("GET /ivy_cases", answer{200, `{"ivy_other":` + standInIndex + `}`})
	if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Replace: true}); err == nil || !strings.Contains(err.Error(), "is an alias") {
		t.Errorf("over an alias: %v", err)
	}
	if s.wasAsked("PUT /_snapshot/*") || s.wasAsked("POST /*/*") {
		t.Errorf("the server was asked %v", s.asked)
	}
}
