package h2

import (
	"errors"
	"path/filepath"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/h2/h2test"
	"ivyvault/sources/tables"
)

// A table goes back alone only where the schema has the version of the capture.
func TestTableOfAnotherVersion(t *testing.T) {
	dir := t.TempDir()
	url := "jdbc:h2:" + filepath.Join(dir, "db") + ";AUTO_SERVER=TRUE"
	engine := h2test.Open(t, h2test.Version, url)
	h2test.Exec(t, engine, "CREATE TABLE ACT_GE_PROPERTY(NAME_ VARCHAR, VALUE_ VARCHAR)", "INSERT INTO ACT_GE_PROPERTY VALUES('next.dbid', '1'), ('schema.version', '7.2.0.2')",
		"CREATE TABLE TASKS AS SELECT X FROM SYSTEM_RANGE(1, 10)", "CREATE TABLE GONE(I INT)")
	p := part(t, url)
	from, facts := take(t, p)
	opt := func(name string, replace bool) sources.RestoreOptions {
		return sources.RestoreOptions{Only: []string{name}, Facts: facts, Replace: replace}
	}

	h2test.Exec(t, engine, "DELETE FROM TASKS WHERE X > 5", "UPDATE ACT_GE_PROPERTY SET VALUE_ = '2' WHERE NAME_ = 'next.dbid'")
	put(t, p, from, opt("TASKS", true))
	h2test.Exec(t, engine, "DELETE FROM TASKS WHERE X > 5", "DROP TABLE GONE", "UPDATE ACT_GE_PROPERTY SET VALUE_ = '7.3.0.0' WHERE NAME_ = 'schema.version'")
	before := contents(t, engine)
	for _, replace := range []bool{false, true} {
		for _, name := range []string{"TASKS", "GONE", "ACT_GE_PROPERTY"} {
			var e *tables.SchemaError
			_, err := p.Restore(t.Context(), from, opt(name, replace))
			if !errors.As(err, &e) || *e != (tables.SchemaError{Where: "PUBLIC.ACT_GE_PROPERTY schema.version", Captured: "7.2.0.2", There: "7.3.0.0"}) {
				t.Errorf("%s into another version, replace %v: %v", name, replace, err)
			}
			nothingLeft(t, p)
		}
	}
	same(t, before, contents(t, engine))
	if got := h2test.Rows(t, engine, "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'PUBLIC' ORDER BY 1"); len(got) != 2 {
		t.Errorf("there are %q", got)
	}

	put(t, part(t, "jdbc:h2:"+filepath.Join(dir, "spare")), from, opt("TASKS", false))
}
