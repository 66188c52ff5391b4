package postgres_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/postgres"
)

// take captures into a folder, as a backup and a mount would show it.
func take(t testing.TB, c postgres.Config, e postgres.Env) (string, sources.Facts) {
	t.Helper()
	cap, err := postgres.New(c, e).Capture(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for e, err := range cap.Entries(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, e.Path)
		if e.Attr.Type == sources.Dir {
			if err := os.Mkdir(to, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		r, err := e.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if err := os.WriteFile(to, p, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	facts, err := cap.(sources.Described).Facts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := cap.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return dir, facts
}
