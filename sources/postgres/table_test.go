package postgres_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"ivyvault/sources"
	"ivyvault/sources/postgres"
)

// One table comes back alone, with its sequence, indices, constraints, trigger,
// policy and grants, beside what lives; what the target can't have is noted.
func TestTable(t *testing.T) {
	s := server(t)
	c := create(t, s, "onetable", "")
	fill(t, c, "onetable")
	want := state(t, c)
	dir, facts := take(t, config(t, s, "onetable"), env(t))
	only := func(database string, replace bool, names ...string) (sources.Restored, error) {
		return postgres.New(config(t, s, database), env(t)).Restore(t.Context(), os.DirFS(dir),
			sources.RestoreOptions{Only: names, Facts: facts, Replace: replace})
	}

	// Into the database where the others live: all of it as before.
	run(t, c, `ALTER TABLE ivy.claims DROP CONSTRAINT best`, `DROP TABLE ivy.steps`)
	if _, err := only("onetable", false, "steps"); err != nil {
		t.Fatal(err)
	}
	run(t, c, `ALTER TABLE ivy.claims ADD CONSTRAINT best FOREIGN KEY (best_step) REFERENCES ivy.steps DEFERRABLE INITIALLY DEFERRED`)
	same(t, state(t, c), want)
	var occupied *sources.OccupiedError
	if _, err := only("onetable", false, "ivy.steps"); !errors.As(err, &occupied) || !strings.Contains(err.Error(), "ivy.steps") {
		t.Errorf("over what lives: %v", err)
	}
	// Something hangs on it: nothing changes, and the reason is told.
	if _, err := only("onetable", true, "ivy.steps"); err == nil || !strings.Contains(err.Error(), "as they were") {
		t.Errorf("over a table that others refer to: %v", err)
	}
	same(t, state(t, c), want)
	if _, err := only("onetable", true, "ivy.events", `Sch'e"ma. x.Tab.le/ "q" ü`+"\n"+`2; DROP`); err != nil {
		t.Errorf("replacing tables that nothing hangs on: %v", err)
	}
	same(t, state(t, c), want)

	// Into a database that isn't there.
	drop(t, s, "elsewhere")
	done, err := only("elsewhere", false, "claims")
	if err != nil {
		t.Fatal(err)
	}
	e := connect(t, s, "elsewhere")
	got := claims(t, e)
	for k, v := range got {
		if v == "" || !strings.Contains(want[k], v) && k != "claims" || k == "claims" && v != want[k] {
			t.Errorf("%s: got\n%.1500s\nwant a part of\n%.1500s", k, v, want[k])
		}
	}
	if n := strings.Join(done.Notes, "\n"); !strings.Contains(n, "did not exist and was created") || !strings.Contains(n, "FK CONSTRAINT ivy claims best") {
		t.Errorf("notes: %s", n)
	}
	if done.Counts["ivy.claims"] != 3000 || len(done.Counts) != 1 {
		t.Errorf("counts: %v", done.Counts)
	}
	// Its own part goes on working: the sequence doesn't give out what is used.
	run(t, e, `INSERT INTO ivy.claims (amount) VALUES (1)`)
	if got := table(t, e, `SELECT id, touched FROM ivy.claims WHERE id > 3000`); got != "3001 true\n" {
		t.Errorf("the next row is %q", got)
	}
	for _, name := range []string{"nosuch", "ivy.nosuch"} {
		if _, err := only("elsewhere", false, name); err == nil || !strings.Contains(err.Error(), "there is no table") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// claims tells what belongs to the table of claims alone, with the names that
// state gives it.
func claims(t *testing.T, c *pgx.Conn) map[string]string {
	t.Helper()
	run(t, c, `SET search_path = ''`)
	out := map[string]string{}
	for name, q := range map[string]string{
		"claims":      `SELECT c::text FROM ivy.claims c ORDER BY id`,
		"indices":     `SELECT indexdef FROM pg_indexes WHERE indexname = 'claims_by_mood'`,
		"triggers":    `SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1`,
		"policies":    `SELECT p::text FROM pg_policies p ORDER BY 1`,
		"grants":      `SELECT c.oid::regclass::text, pg_get_userbyid(relowner)::text, relacl::text, relrowsecurity FROM pg_class c WHERE relname = 'claims'`,
		"comments":    `SELECT obj_description('ivy.claims'::regclass), obj_description('ivy.claims_by_mood'::regclass)`,
		"statistics":  `SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext`,
		"constraints": `SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid > 16383 ORDER BY 1, 2`,
	} {
		out[name] = table(t, c, q)
	}
	return out
}
