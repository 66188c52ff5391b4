package flowable

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestFlowable is the whole story: cases with attachments and documents, two
// nights while work goes on, one document brought back, mismatches that were
// planted, a cold capture, and all of it lost and restored.
func TestFlowable(t *testing.T) {
	h := newHost(t)
	check(t, fill(t.Context(), h.client, "case", 50))
	h.ivyvault(0, "init", "-q")

	first := h.nightAtWork(t, "first")
	second := h.nightAtWork(t, "second")
	t.Run("what each night said", func(t *testing.T) {
		for name, out := range map[string]string{"first": first, "second": second} {
			mustHold(t, name, out, "whole +databases/flowable", "whole +documents/content", "whole +directories/application",
				"contents that rows name were looked for: all were captured", "stage 'database'.*stage 'content'")
		}
		plan := h.ivyvault(0, "system", "plan", "claims", "--config", h.path("hot.yaml"))
		mustHold(t, "the plan", plan, "Flowable 7\\.2\\.0", "stage 1, database.*stage 2, content")
		if strings.Contains(plan, "NOT COVERED") {
			t.Errorf("the section lacks something of the installation:\n%s", plan)
		}
	})
	t.Run("one document", func(t *testing.T) { oneDocument(t, h.as(t)) })
	t.Run("planted mismatches", func(t *testing.T) { planted(t, h.as(t)) })
	t.Run("cold", func(t *testing.T) { cold(t, h.as(t)) })
	t.Run("restored by the run book", func(t *testing.T) { restored(t, h.as(t)) })
}

// fill begins cases, some at a time.
func fill(ctx context.Context, c *client, name string, n int) error {
	var wg sync.WaitGroup
	errs := make(chan error, n)
	work := make(chan int)
	for range 4 {
		wg.Go(func() {
			for i := range work {
				if err := c.begin(ctx, fmt.Sprintf("%s-%d", name, i)); err != nil {
					errs <- err
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	close(errs)
	return <-errs
}

// nightAtWork captures the system while cases are begun, one after the other.
func (h *host) nightAtWork(t *testing.T, name string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	began := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			if err := h.begin(t.Context(), fmt.Sprintf("%s-%d", name, n)); err != nil {
				t.Errorf("the work of the %s night: %v", name, err)
				break
			}
		}
		began <- n
	}()
	out := h.backup(0, "hot")
	stop()
	if n := <-began; n == 0 {
		t.Errorf("no case was begun in the %s night", name)
	} else {
		t.Logf("%d cases were begun in the %s night", n, name)
	}
	return out
}

// documents are the paths of all files of the content, relative to its root.
func (h *host) documents(t *testing.T) (out []string) {
	t.Helper()
	check(t, filepath.WalkDir(h.path("content"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, rerr := filepath.Rel(h.path("content"), name)
			out, err = append(out, rel), rerr
		}
		return err
	}))
	return out
}

// oneDocument brings one document back beside those that live.
func oneDocument(t *testing.T, h *host) {
	name := h.documents(t)[0]
	h.ivyvault(0, "restore", "--system", "claims", "--part", "documents/content", "--only", name, "--to", h.path("back"), "latest")
	want, err := os.ReadFile(h.path("content/" + name))
	check(t, err)
	got, err := os.ReadFile(h.path("back/" + name))
	check(t, err)
	if !bytes.Equal(got, want) || !bytes.HasPrefix(got, []byte("document of ")) {
		t.Errorf("%s came back as %q", name, got)
	}
}

// cold captures the system stopped, and refuses to where it is not.
func cold(t *testing.T, h *host) {
	out := h.backup(1, "careless")
	mustHold(t, "a stop that stops nothing", out, "can't be seen to have stopped, so nothing was captured", "still")
	before, err := h.all(t.Context())
	check(t, err)
	out = h.backup(0, "cold")
	mustHold(t, "the cold night", out, "is stopped", "stage 'database and files': 3 parts", "was started again", "all were captured")
	h.comesUp(t)
	after, err := h.all(t.Context())
	check(t, err)
	if !maps.Equal(before, after) || len(after) < 150 {
		t.Errorf("there were %d things before and %d after", len(before), len(after))
	}
}

// restored loses all and brings it back by the commands of the run book.
func restored(t *testing.T, h *host) {
	want, err := h.all(t.Context())
	check(t, err)
	check(t, fill(t.Context(), h.client, "lost", 2))
	book := h.ivyvault(0, "system", "runbook", "claims")
	h.script("home/stop.sh")
	h.sql("postgres", "DROP DATABASE claims WITH (FORCE)")
	check(t, os.RemoveAll(h.path("content")))
	check(t, os.RemoveAll(h.path("home")))

	commands := commands(book)
	t.Logf("the run book's commands:\n%s", commands)
	began := time.Now()
	out, code := h.run("bash", "-e", "-c", commands)
	if code != 0 {
		t.Fatalf("the run book's commands end with exit code %d:\n%s\n%s", code, out, book)
	}
	t.Logf("restored in %v", time.Since(began).Round(time.Second))
	h.comesUp(t)
	got, err := h.all(t.Context())
	check(t, err)
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %q became %q", k, v, got[k])
		}
	}
	for k := range got {
		if want[k] == "" {
			t.Errorf("%s came out of nothing", k)
		}
	}
	if err := h.begin(t.Context(), "after"); err != nil {
		t.Errorf("the restored engine does not work on: %v", err)
	}
	mustHold(t, "the first night after the restore", h.backup(0, "hot"), "all were captured")
}

// commands are those of a run book, but for those that do the same by hand.
func commands(book string) string {
	var out strings.Builder
	inside, hand := false, false
	for line := range strings.Lines(book) {
		switch {
		case strings.HasPrefix(line, "```sh"):
			inside = true
		case strings.HasPrefix(line, "```"):
			inside, hand = false, false
		case inside && !hand:
			out.WriteString(line)
		case strings.HasPrefix(line, "By hand:"):
			hand = true
		}
	}
	return out.String()
}
