package systems

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

// slow is a store of documents that may keep one waiting for its list, for as
// long as the test wants: so a system is held still with all of its hooks run
// that run before a part, and none that run after.
type slow struct {
	url   string
	calls chan chan struct{} // where somebody waits; closing what comes lets him go
	wait  chan bool          // holds true where he has to
}

func startSlow(t *testing.T) *slow {
	t.Helper()
	s := &slow{calls: make(chan chan struct{}), wait: make(chan bool, 1)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-s.wait:
			free := make(chan struct{})
			select {
			case s.calls <- free:
			case <-r.Context().Done():
				return
			}
			select {
			case <-free:
			case <-r.Context().Done():
				return
			}
		default:
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprint(w, `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs/><NextMarker/></EnumerationResults>`)
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// section is the part of a configuration that names the store.
func (s *slow) section(h *host) string {
	check(h.t, os.WriteFile(h.path("key"), []byte("c2VjcmV0"), 0o600))
	return fmt.Sprintf("    documents:\n      pdf: {type: azure, account: claims, endpoint: %q, container: claims, account-key: \"{file:%s}\"}\n", s.url, h.path("key"))
}

// held starts a backup and returns it while it waits for the store.
func (s *slow) held(h *host) (p *process, free chan struct{}) {
	h.t.Helper()
	s.wait <- true
	p = h.start("backup", "--system", "claims")
	select {
	case free = <-s.calls:
	case <-p.gone:
		h.t.Fatalf("it ended before it was held still: %s", p.end)
	}
	return p, free
}
