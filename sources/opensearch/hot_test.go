package opensearch

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"ivyvault/sources"
)

// Somebody writes all the time, and an index is closed: by snapshot and by
// export what was captured comes back, and the facts say how it was.
func TestWritersAtWork(t *testing.T) {
	s := real(t)
	do(t, s, "PUT", "/ivy-a", `{"settings":{"number_of_replicas":0}}`)
	do(t, s, "PUT", "/ivy-closed", `{"settings":{"number_of_replicas":0}}`)
	fill(t, s, "ivy-a", 0, 2000)
	fill(t, s, "ivy-closed", 0, 20)
	do(t, s, "POST", "/ivy-closed/_close", "")
	var stop atomic.Bool
	done := make(chan error)
	go func() {
		for i := 0; !stop.Load(); i++ {
			res, err := http.Post(fmt.Sprintf("%s/ivy-a/_doc/new-%d", s.URL, i), "application/json", strings.NewReader(`{"n":-1}`))
			if err != nil {
				done <- err
				return
			}
			res.Body.Close()
		}
		done <- nil
	}()
	shots, texts := part(s, BySnapshot, "ivy-*"), part(s, ByExport, "ivy-*", "-ivy-cl*")
	one, errOne := backup(shots, nil)
	two, errTwo := backup(texts, nil)
	stop.Store(true)
	if err := <-done; err != nil || errOne != nil || errTwo != nil {
		t.Fatal(err, errOne, errTwo)
	}
	if two.facts.Consistency != sources.Hot {
		t.Errorf("the export says %s", two.facts.Consistency)
	}
	if !strings.Contains(strings.Join(one.facts.Notes, "\n"), "ivy-closed was closed") {
		t.Errorf("the snapshot says %q", one.facts.Notes)
	}
	do(t, s, "DELETE", "/ivy-closed", "")
	out := mustRestore(t, shots, one.tree, sources.RestoreOptions{Replace: true})
	if out.Counts["ivy-a"] < 2000 {
		t.Errorf("from the snapshot came %v", out.Counts)
	}
	do(t, s, "POST", "/ivy-closed/_open?wait_for_active_shards=1", "")
	if got := do(t, s, "GET", "/ivy-closed/_count", ""); !strings.Contains(got, `"count":20,`) {
		t.Errorf("the closed index: %s", got)
	}
	out = mustRestore(t, texts, two.tree, sources.RestoreOptions{Replace: true, Facts: two.facts})
	if out.Counts["ivy-a"] != two.facts.Counts["ivy-a"] {
		t.Errorf("from the export came %v of %v", out.Counts, two.facts.Counts)
	}
}
