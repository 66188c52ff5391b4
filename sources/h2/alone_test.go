package h2

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/h2/h2test"
)

// One table goes back into a database that its engine has open, and nothing
// else changes.
func TestOneTable(t *testing.T) {
	name := filepath.Join(t.TempDir(), "db")
	url := "jdbc:h2:" + name + ";AUTO_SERVER=TRUE"
	engine := h2test.Open(t, h2test.Version, url)
	fill(t, engine, 300)
	want := contents(t, engine)
	p := part(t, url)
	from, facts := take(t, p)
	odd := tableName("oth.er", `we.i"rd; -- 'täble'`)

	t.Run("no such table", func(t *testing.T) {
		if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Only: []string{"ACCOUNTS", "NONE"}}); err == nil || !strings.Contains(err.Error(), "NONE") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("it holds rows", func(t *testing.T) {
		var occupied *sources.OccupiedError
		if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Only: []string{"ACCOUNTS"}}); !errors.As(err, &occupied) || occupied.What != "300 rows" {
			t.Errorf("got %v", err)
		}
		same(t, want, contents(t, engine))
	})
	t.Run("replaced where it is", func(t *testing.T) {
		h2test.Exec(t, engine, "UPDATE ACCOUNTS SET AMOUNT = -1, PARENT = NULL", "DELETE FROM ACCOUNTS WHERE ID > 200")
		done := put(t, p, from, sources.RestoreOptions{Only: []string{"ACCOUNTS"}, Replace: true, Facts: facts})
		if len(done.Notes) > 0 || len(done.Counts) != 1 {
			t.Errorf("got %+v", done)
		}
		same(t, want, contents(t, engine))
	})
	t.Run("dropped and made again", func(t *testing.T) {
		h2test.Exec(t, engine, `DROP TABLE "oth.er".`+hostile)
		put(t, p, from, sources.RestoreOptions{Only: []string{odd}, Facts: facts})
		same(t, want, contents(t, engine))
		if got := h2test.Rows(t, engine, "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME LIKE 'SYSTEM_LOB%'"); len(got) > 0 {
			t.Errorf("this is left: %q", got)
		}
	})
	t.Run("references to what is not there are told", func(t *testing.T) {
		h2test.Exec(t, engine, `UPDATE "oth.er".`+hostile+` SET OWNER = NULL`, "UPDATE ACCOUNTS SET PARENT = NULL", "DELETE FROM ACCOUNTS")
		done := put(t, p, from, sources.RestoreOptions{Only: []string{odd}, Replace: true, Facts: facts})
		if len(done.Notes) != 1 || !strings.Contains(done.Notes[0], "not there") {
			t.Errorf("got %+v", done)
		}
		put(t, p, from, sources.RestoreOptions{Only: []string{"ACCOUNTS"}, Facts: facts})
		same(t, want, contents(t, engine))
		if _, err := engine.Exec(`UPDATE "oth.er".` + hostile + ` SET OWNER = 4711`); err == nil {
			t.Error("references are not checked any more")
		}
	})
	t.Run("another shape", func(t *testing.T) {
		h2test.Exec(t, engine, `ALTER TABLE "oth.er".`+hostile+` DROP COLUMN BIG`)
		before := contents(t, engine)
		if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Only: []string{odd}, Replace: true, Facts: facts}); err == nil || !strings.Contains(err.Error(), "hold what they held") {
			t.Errorf("got %v", err)
		}
		same(t, before, contents(t, engine))
		if _, err := engine.Exec(`UPDATE "oth.er".` + hostile + ` SET OWNER = 4711`); err == nil {
			t.Error("references are not checked any more")
		}
	})
	t.Run("all of a living database", func(t *testing.T) {
		var occupied *sources.OccupiedError
		if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Facts: facts}); !errors.As(err, &occupied) {
			t.Errorf("got %v", err)
		}
		put(t, p, from, sources.RestoreOptions{Replace: true, Facts: facts})
		got := contents(t, engine)
		slices.Sort(got)
		slices.Sort(want)
		same(t, want, got)
	})
}
