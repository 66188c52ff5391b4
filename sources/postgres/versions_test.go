package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/postgres"
	"ivyvault/sources/tables"
)

// A table goes back alone only where the schema has the version of the capture.
func TestTableOfAnotherVersion(t *testing.T) {
	s := server(t)
	c := create(t, s, "versions", "")
	run(t, c, `CREATE TABLE act_ge_property (name_ text, value_ text)`, `INSERT INTO act_ge_property VALUES ('schema.version', '7.2.0.2'), ('next.dbid', '1')`,
		`CREATE TABLE tasks AS SELECT generate_series(1, 10) AS i`, `CREATE SCHEMA other`, `CREATE TABLE other.t (i int)`)
	dir, facts := take(t, config(t, s, "versions"), env(t))
	only := func(c postgres.Config, replace bool, name string) (sources.Restored, error) {
		return postgres.New(c, env(t)).Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Only: []string{name}, Facts: facts, Replace: replace})
	}
	now := func() string {
		return table(t, c, `SELECT c.oid, c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' AND c.oid > 16383 ORDER BY c.oid`) +
			table(t, c, `SELECT nspname::text FROM pg_namespace ORDER BY 1`) + table(t, c, `SELECT * FROM tasks`) + table(t, c, `SELECT * FROM act_ge_property`)
	}

	run(t, c, `DELETE FROM tasks WHERE i > 5`, `UPDATE act_ge_property SET value_ = '2' WHERE name_ = 'next.dbid'`)
	if _, err := only(config(t, s, "versions"), true, "tasks"); err != nil {
		t.Fatalf("the same version: %v", err)
	}
	run(t, c, `DELETE FROM tasks WHERE i > 5`, `DROP SCHEMA other CASCADE`, `UPDATE act_ge_property SET value_ = '7.3.0.0' WHERE name_ = 'schema.version'`)
	before := now()
	for _, replace := range []bool{false, true} {
		for _, name := range []string{"tasks", "other.t", "act_ge_property"} {
			var e *tables.SchemaError
			_, err := only(config(t, s, "versions"), replace, name)
			if !errors.As(err, &e) || *e != (tables.SchemaError{Where: "public.act_ge_property schema.version", Captured: "7.2.0.2", There: "7.3.0.0"}) {
				t.Errorf("%s into another version, replace %v: %v", name, replace, err)
			}
		}
	}
	if got := now(); got != before {
		t.Errorf("it was changed: got\n%s\nwant\n%s", got, before)
	}

	spare := create(t, s, "spare", "")
	if _, err := only(config(t, s, "spare"), false, "tasks"); err != nil {
		t.Errorf("into an empty database: %v", err)
	}
	// A version that may not be read is told, and hinders nothing.
	name := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(name, []byte("blind-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, spare, `DROP TABLE tasks`, `CREATE TABLE act_ge_property (name_ text, value_ text)`, `INSERT INTO act_ge_property VALUES ('schema.version', '1')`,
		`CREATE ROLE blind LOGIN PASSWORD 'blind-password'`, `GRANT CREATE ON SCHEMA public TO blind`, `GRANT CREATE ON DATABASE spare TO blind`)
	t.Cleanup(func() { run(t, connect(t, s, "spare"), `DROP OWNED BY blind CASCADE`, `DROP ROLE blind`) })
	cfg := config(t, s, "spare")
	cfg.User, cfg.Password = "blind", passwordFile(t, name)
	done, err := only(cfg, false, "tasks")
	if err != nil || !strings.Contains(strings.Join(done.Notes, "\n"), "may not read public.act_ge_property") {
		t.Errorf("with a version that may not be read: %v, %q", err, done.Notes)
	}
}
