package opensearch

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/sources"
)

// The server dies while an index is read and a snapshot is taken: both say so,
// and the next night is good again and leaves nothing of the one before.
func TestServerDies(t *testing.T) {
	s := real(t)
	do(t, s, "PUT", "/ivy-a", `{"settings":{"number_of_replicas":0}}`)
	for i := range 4 {
		fill(t, s, "ivy-a", i*5000, 5000)
	}
	shots := part(s, BySnapshot, "ivy-a")
	slow := `{"type":"fs","settings":{"location":"` + shots.c.Snapshot.Location + `","max_snapshot_bytes_per_sec":"20kb"}}`
	do(t, s, "PUT", "/_snapshot/ivyvault", slow)

	ctx := t.Context()
	export, err := part(s, ByExport, "ivy-a").Capture(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var reading io.ReadCloser
	for e, err := range export.Entries(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(e.Path, documentsName) {
			if reading, err = e.Open(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := io.ReadFull(reading, make([]byte, 100<<10)); err != nil {
		t.Fatal(err)
	}
	shots.env.Log = func(line string) {
		if strings.Contains(line, "takes the snapshot") {
			time.Sleep(200 * time.Millisecond) // so that it is under way
			s.Kill()
		}
	}
	_, err = shots.Capture(ctx)
	var gone *UnreachableError
	if !errors.As(err, &gone) || !strings.Contains(err.Error(), "see whether it runs") || !strings.Contains(err.Error(), "the next run does it") {
		t.Errorf("the snapshot says: %v", err)
	}
	if _, err = io.Copy(io.Discard, reading); !errors.As(err, &gone) || !strings.Contains(err.Error(), "ivy-a: after ") {
		t.Errorf("the export says: %v", err)
	}
	if err := reading.Close(); err != nil {
		t.Errorf("closing says more: %v", err)
	}
	if _, err := export.(sources.Described).Facts(ctx); err == nil {
		t.Error("the export is taken for good")
	}
	if err := export.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, err := shots.Capture(ctx); !errors.As(err, &gone) {
		t.Errorf("with the server gone: %v", err)
	}

	if err := s.Launch(context.Background()); err != nil {
		t.Fatal(err)
	}
	do(t, s, "PUT", "/_snapshot/ivyvault", strings.Replace(slow, "20kb", "100mb", 1))
	shots.env.Log = nil
	if n := mustBackup(t, shots, nil); n.facts.Counts["ivy-a"] != 20000 {
		t.Errorf("after its restart: %v", n.facts.Counts)
	}
	all, err := shotsOf(ctx, clientOf(t, s.URL), "ivyvault")
	if err != nil || len(all) != 1 {
		t.Errorf("%d snapshots are there, %v", len(all), err)
	}
}

// A capture that is given up while the server works leaves no snapshot.
func TestGivenUpMeanwhile(t *testing.T) {
	s := real(t)
	do(t, s, "PUT", "/ivy-a", `{"settings":{"number_of_replicas":0}}`)
	fill(t, s, "ivy-a", 0, 3000)
	p := part(s, BySnapshot, "ivy-a")
	do(t, s, "PUT", "/_snapshot/ivyvault", `{"type":"fs","settings":{"location":"`+p.c.Snapshot.Location+`","max_snapshot_bytes_per_sec":"20kb"}}`)
	ctx, cancel := context.WithCancel(t.Context())
	p.env.Log = func(line string) {
		if strings.Contains(line, "takes the snapshot") {
			cancel()
		}
	}
	if _, err := p.Capture(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	c := clientOf(t, s.URL)
	if all, err := shotsOf(t.Context(), c, "ivyvault"); err != nil || len(all) != 0 {
		t.Errorf("%d snapshots stay, %v", len(all), err)
	}
	if all, err := underWay(t.Context(), c); err != nil || len(all) != 0 {
		t.Errorf("%v still runs, %v", all, err)
	}
}

// What a killed restore left goes with the next: its folder and the repository.
func TestLeftoversOfRestore(t *testing.T) {
	s := real(t)
	do(t, s, "PUT", "/ivy-a", `{"settings":{"number_of_replicas":0}}`)
	fill(t, s, "ivy-a", 0, 10)
	p := part(s, BySnapshot, "ivy-a")
	n := mustBackup(t, p, nil)
	dead := filepath.Join(s.Repo, "ivyvault-scratch-dead")
	if err := os.Mkdir(dead, 0o755); err != nil {
		t.Fatal(err)
	}
	do(t, s, "PUT", "/_snapshot/"+restoreRepository+"dead", `{"type":"fs","settings":{"location":"`+dead+`","readonly":true}}`)
	do(t, s, "DELETE", "/ivy-a", "")
	mustRestore(t, p, n.tree, sources.RestoreOptions{})
	nothingOfRestores(t, s.Repo)
	if got := do(t, s, "GET", "/_snapshot", ""); strings.Contains(got, restoreRepository) {
		t.Errorf("it stays: %s", got)
	}
}
