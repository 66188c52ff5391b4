package opensearch

import (
	"context"
	"strings"
	"testing"
	"time"
)

const (
	noTasks = `{"tasks":[]}`
	oneTask = `{"tasks":[{"insert_order":101,"priority":"URGENT","source":"create-index [ivy_new], cause [api]"}]}`
)

func operations(n string) answer {
	return answer{200, `{"_all":{"primaries":{"indexing":{"index_total":` + n + `,"delete_total":0}}}}`}
}

// It waits until what was pending is done and what was written is counted.
func TestStillWaits(t *testing.T) {
	s := newStandIn(t)
	s.say("GET /_cluster/pending_tasks", answer{200, oneTask}, answer{200, oneTask}, answer{200, noTasks})
	s.say("GET /ivy_cases/_stats/indexing", operations("2"), operations("3"), operations("4"), operations("5"), operations("6"))
	s.say("GET /ivy_tasks/_stats/indexing", operations("2"))
	if err := s.part(ByExport).Still(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if left := len(s.other["GET /_cluster/pending_tasks"]) + len(s.other["GET /ivy_cases/_stats/indexing"]); left != 2 {
		t.Errorf("it did not wait: %d answers are left, want the last two", left)
	}
}

// A server that never rests fails, and so does one that can't be asked.
func TestStillFails(t *testing.T) {
	s := newStandIn(t)
	s.say("GET /_cluster/pending_tasks", answer{200, oneTask})
	if err := s.part(ByExport).Still(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "did not come to rest within 0s: 1 tasks are pending, the first is create-index [ivy_new]") {
		t.Errorf("a task that stays: %v", err)
	}
	s.say("GET /_cluster/pending_tasks", answer{200, noTasks})
	if err := s.part(ByExport).Still(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "documents are still added") {
		t.Errorf("one look proves nothing: %v", err)
	}
	s.say("GET /_cluster/pending_tasks", answer{403, `{"error":{"type":"security_exception","reason":"no permissions for [cluster:monitor/task]"},"status":403}`})
	if err := s.part(ByExport).Still(t.Context(), time.Minute); err == nil || !strings.Contains(err.Error(), "no permissions") {
		t.Errorf("a server that does not tell: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.part(ByExport).Still(ctx, time.Minute); err == nil {
		t.Error("it was broken off and counts as still")
	}
}

// A real server answers all that is asked, and one that nobody writes to is at
// rest.
func TestStillReal(t *testing.T) {
	s := real(t)
	fill(t, s, "ivy_cases", 0, 10)
	p := part(s, ByExport, "ivy_*")
	if err := p.Still(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := mustBackup(t, p, nil).facts.Counts["ivy_cases"]; n != 10 {
		t.Errorf("%d documents were captured, want 10", n)
	}
}
