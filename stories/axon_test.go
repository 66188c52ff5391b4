package stories

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources/axonserver/axontest"
)

// An Axon Server over three nights: planned, captured while it grows, lost, and
// brought back by the commands of its run book; and the history of one aggregate
// read out of the mount without any server.
func TestAxonServerIsLostAndComesBack(t *testing.T) {
	h := newHost(t)
	root := h.path("axon")
	events := filepath.Join(root, "events")
	write := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write(os.MkdirAll(filepath.Join(events, "default"), 0o755))
	server := &axontest.Server{Root: root, Node: "axon-1", Token: "hush-hush-token"}
	running := httptest.NewServer(server)
	url := running.URL
	live := &axontest.Live{Dir: filepath.Join(events, "default"), Shape: axontest.Shape{SegmentSize: 16 << 10}}
	defer live.Close()
	snapshots := &axontest.Live{Dir: live.Dir, Snapshot: true}
	defer snapshots.Close()
	write(snapshots.Append(axontest.SnapshotsOf(1, 3)...))
	sequence := int64(0)
	grow := func(n int) {
		t.Helper()
		for range n {
			write(live.Append(axontest.Tx{{Aggregate: fmt.Sprint("order-", sequence%10), Sequence: sequence / 10, Payload: bytes.Repeat([]byte{byte(sequence)}, 200)}}))
			sequence++
		}
		for closed := true; closed; {
			var err error
			closed, err = live.Settle()
			write(err)
		}
	}
	grow(500)
	write(os.MkdirAll(filepath.Join(root, "etc"), 0o755))
	write(os.WriteFile(filepath.Join(root, "etc", "axonserver.properties"), []byte("axoniq.axonserver.name=axon-1\n"), 0o644))
	write(os.WriteFile(h.path("ivyvault.yaml"), []byte(fmt.Sprintf(`version: 1
systems:
  axon:
    type: axonserver
    url: %s
    token: "{env:AXON_TOKEN}"
    events: %s
    controldb: %s
    directories:
      properties: {path: %s}
`, url, events, filepath.Join(root, "data"), filepath.Join(root, "etc"))), 0o600))
	h = h.with("AXON_TOKEN=hush-hush-token", "IVYVAULT_STATE_DIR="+h.path("state"))

	plan := h.ok("system", "plan", "axon").out
	last := -1
	for _, stage := range []string{"control database", "snapshots/default", "events/default", "directories/properties"} {
		i := strings.Index(plan, stage)
		if i < last || i < 0 {
			t.Errorf("%s does not come in its place:\n%s", stage, plan)
		}
		last = i
	}

	type part struct {
		Path      string
		Whole     bool
		Files     int64
		Unchanged int64 `json:"files_unchanged"`
		Continued bool
		Facts     struct{ Counts map[string]int64 }
	}
	night := func() (of part) {
		t.Helper()
		var rep struct{ Parts []part }
		h.value(&rep, "backup", "--system", "axon")
		for _, p := range rep.Parts {
			if !p.Whole {
				t.Errorf("the part is not whole: %+v", p)
			}
			if p.Path == "events/default" {
				of = p
			}
		}
		return of
	}
	first := night()
	grow(300)
	second := night()
	if first.Continued || !second.Continued || second.Unchanged < first.Files/2 || second.Files <= first.Files {
		t.Errorf("the second night took everything again: %+v, then %+v", first, second)
	}

	// One aggregate's history comes out of the mount, with no server.
	m := h.mount()
	history := h.ok("axon", "events", m.path("systems/axon/latest/events"), "--aggregate", "order-7").out
	if n := strings.Count(history, "\n"); n != 80 {
		t.Errorf("%d events of the aggregate, want 80:\n%.400s", n, history)
	}
	m.close()

	// Everything is lost. The run book's commands are executed as they stand.
	properties := filepath.Join(root, "etc", "axonserver.properties")
	before, err := os.ReadFile(properties)
	write(err)
	running.Close()
	for _, dir := range []string{"events", "data", "etc"} {
		write(os.RemoveAll(filepath.Join(root, dir)))
	}
	book := h.ok("system", "runbook", "axon").out
	script := "set -eu\n"
	for k, block := range strings.Split(book, "\n```sh\n") {
		head := strings.TrimSpace(strings.Split(book, "\n```sh\n")[max(0, k-1)])
		code, _, closed := strings.Cut(block, "\n```")
		switch {
		case k == 0 || strings.HasSuffix(head, "By hand:"):
		case !closed:
			t.Fatalf("a block has no end:\n%s", book)
		default:
			script += code + "\n"
		}
	}
	write(os.WriteFile(h.path("password"), []byte(password), 0o600))
	r := h.with("IVYVAULT_PASSWORD_FILE=" + h.path("password")).shell(script)
	if r.code != 0 {
		t.Fatalf("the run book fails: %s\n%s", r, book)
	}
	r.says(t, "800")
	if now, err := os.ReadFile(properties); err != nil || string(now) != string(before) {
		t.Errorf("the properties came back as %q, %v", now, err)
	}
	proof := h.ok("axon", "verify", events).out
	if !strings.Contains(proof, "800") {
		t.Errorf("the proof does not tell of 800 events:\n%s", proof)
	}
	for _, r := range []string{plan, book, script, proof} {
		if strings.Contains(r, "hush-hush-token") {
			t.Errorf("the token shows:\n%s", r)
		}
	}
	// After a restore the next night begins a new chain.
	l, err := net.Listen("tcp", strings.TrimPrefix(url, "http://"))
	write(err)
	again := &httptest.Server{Listener: l, Config: &http.Server{Handler: server}}
	again.Start()
	defer again.Close()
	h.ok("backup", "--system", "axon", "--force")
}

// shell runs lines of a shell in which the program is ivyvault.
func (h *host) shell(script string) result {
	h.t.Helper()
	bin := h.path("bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(bin, "ivyvault")); err != nil {
		h.t.Fatal(err)
	}
	cmd := h.command()
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-x", "-c", script}
	cmd.Env = append(cmd.Env, "PATH="+bin+":"+os.Getenv("PATH"))
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	r := result{args: []string{"the run book"}, out: out.String(), err: said.String()}
	if err != nil {
		r.code = max(1, cmd.ProcessState.ExitCode())
	}
	return r
}
