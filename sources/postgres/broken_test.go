package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/postgres"
)

// A restore that fails leaves what lived, and nothing of its own.
func TestRestoreFails(t *testing.T) {
	s := server(t)
	c := create(t, s, "lives", "")
	run(t, c, `CREATE TABLE a AS SELECT generate_series(1, 5000) AS i`, `CREATE TABLE b (i int PRIMARY KEY)`)
	dir, facts := take(t, config(t, s, "lives"), env(t))
	restore := func(database string, opt sources.RestoreOptions) error {
		_, err := postgres.New(config(t, s, database), env(t)).Restore(t.Context(), os.DirFS(dir), opt)
		return err
	}
	databases := func() string {
		return table(t, connect(t, s, "postgres"), `SELECT datname::text FROM pg_database WHERE datname LIKE 'lives%' OR datname = 'fresh' ORDER BY 1`)
	}
	// More rows are told of than there are.
	wrong := facts
	wrong.Counts = map[string]int64{"public.a": 5001}
	var counted *postgres.CountError
	if err := restore("lives", sources.RestoreOptions{Replace: true, Facts: wrong}); !errors.As(err, &counted) || !strings.Contains(err.Error(), "is as it was") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(dir, "tables", "public.a.dat")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text[:1000], "no number\n\\.\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := restore("lives", sources.RestoreOptions{Replace: true, Facts: facts}); err == nil || !strings.Contains(err.Error(), "invalid input syntax") || !strings.Contains(err.Error(), "is as it was") {
		t.Errorf("got %v", err)
	}
	if got := table(t, c, `SELECT count(*) FROM a`); got != "5000\n" {
		t.Errorf("what lived holds %s rows", got)
	}
	drop(t, s, "fresh")
	if err := restore("fresh", sources.RestoreOptions{Facts: facts}); err == nil || !strings.Contains(err.Error(), "that was begun was removed") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := restore("fresh", sources.RestoreOptions{Facts: facts}); err == nil || !strings.Contains(err.Error(), "a file of the capture is missing") {
		t.Errorf("got %v", err)
	}
	name := filepath.Join(dir, "database.json")
	desc, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(desc), `"server_major": `, `"server_major": 9`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	var older *postgres.OlderServerError
	if err := restore("fresh", sources.RestoreOptions{Facts: facts}); !errors.As(err, &older) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(desc), `"dump": "`, `"dump": "../`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := restore("fresh", sources.RestoreOptions{Facts: facts}); err == nil || !strings.Contains(err.Error(), "it was altered") {
		t.Errorf("got %v", err)
	}
	if got := databases(); got != "lives\n" {
		t.Errorf("databases: %s", got)
	}
}
