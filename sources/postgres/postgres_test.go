package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/postgres"
	"ivyvault/sources/sourcetest"
)

func TestConformance(t *testing.T) {
	s := server(t)
	c := create(t, s, "conform", "")
	run(t, c, `CREATE TABLE a AS SELECT generate_series(1, 1000) AS i`, `CREATE TABLE b (x text)`)
	sourcetest.Run(t, func(t *testing.T) sources.Source { return postgres.New(config(t, s, "conform"), env(t)) })
}

// Everything comes back: rows, definitions, grants, roles with passwords.
func TestWhole(t *testing.T) {
	s := server(t)
	const name = `Hö.st'ile x"="y\z`
	c := create(t, s, name, " ENCODING 'UTF8'")
	fill(t, c, "whole")
	run(t, c,
		`ALTER DATABASE `+quote(name)+` OWNER TO whole_owner`,
		`REVOKE ALL ON DATABASE `+quote(name)+` FROM PUBLIC`,
		`GRANT CONNECT ON DATABASE `+quote(name)+` TO whole_reader WITH GRANT OPTION`,
		`ALTER DATABASE `+quote(name)+` SET search_path = ivy, "$user", public`,
		`ALTER ROLE whole_reader IN DATABASE `+quote(name)+` SET work_mem = '8MB'`,
		`COMMENT ON DATABASE `+quote(name)+` IS 'all of it'`)
	want, wantRoles := state(t, c), roles(t, c, "whole")
	dir, facts := take(t, config(t, s, name), env(t))
	for k, n := range map[string]int64{"ivy.claims": 3000, "ivy.steps": 5000, "ivy.nothing": 2, "ivy.empty": 0, "large objects": 2,
		"Sch'e\"ma%2E x.Tab%2Ele%2F \"q\" ü%0A2; DROP": 50} {
		if got, ok := facts.Counts[k]; !ok || got != n {
			t.Errorf("%s: counted %d (%v), want %d", k, got, ok, n)
		}
	}
	for k, v := range map[string]string{"ivy.act_ge_property schema.version": "7.2.0.2", "ivy.act_co_databasechangelog last": "3",
		"ivy.act_co_databasechangelog rows": "3", "ivy.iwa_version version": "102"} {
		if facts.Schema[k] != v {
			t.Errorf("the version %q is %q, want %q", k, facts.Schema[k], v)
		}
	}
	if facts.Consistency != sources.Snapshot || !strings.HasPrefix(facts.Version, "15.") || !strings.Contains(facts.Details["extensions"], "pgcrypto 1.3") {
		t.Errorf("facts: %+v", facts)
	}
	if p, err := os.ReadFile(filepath.Join(dir, "tables/ivy.act_ge_property.dat")); err != nil || !strings.HasPrefix(string(p), "schema.version\t7.2.0.2\t1\n") {
		t.Errorf("the table reads %q, %v", p, err)
	}

	// What lives is not touched.
	var occupied *sources.OccupiedError
	part := postgres.New(config(t, s, name), env(t))
	if _, err := part.Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Facts: facts}); !errors.As(err, &occupied) {
		t.Fatalf("a restore over what lives: %v", err)
	}
	c.Close(t.Context())
	drop(t, s, name)
	dropRoles(t, "whole")
	done, err := part.Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Facts: facts})
	if err != nil {
		t.Fatal(err)
	}
	c = connect(t, s, name)
	same(t, state(t, c), want)
	if got := roles(t, c, "whole"); got != wantRoles {
		t.Errorf("roles: got\n%s\nwant\n%s", got, wantRoles)
	}
	if done.Counts["ivy.claims"] != 3000 || !strings.Contains(strings.Join(done.Notes, "\n"), "existed and were left as they are, with their passwords: postgres") {
		t.Errorf("restored: %+v", done)
	}
	// It replaces when told so, also under the eyes of a session.
	run(t, c, `DELETE FROM ivy.events WHERE what > 'event 2'`, `CREATE TABLE public.later (i int)`, `ALTER ROLE whole_reader PASSWORD 'changed since'`)
	since := roles(t, c, "whole")
	if _, err := part.Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Facts: facts, Replace: true}); err != nil {
		t.Fatal(err)
	}
	c = connect(t, s, name)
	same(t, state(t, c), want)
	if got := roles(t, c, "whole"); got != since {
		t.Errorf("a role that lives was changed: got\n%s\nwant\n%s", got, since)
	}
	if got := table(t, c, `SELECT datname::text FROM pg_database WHERE datname LIKE '%ivyvault%'`); got != "" {
		t.Errorf("left: %s", got)
	}
}
