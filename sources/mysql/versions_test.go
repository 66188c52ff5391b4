package mysql_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/mysql"
	"ivyvault/sources/secret"
	"ivyvault/sources/tables"
)

// A table goes back alone only where the schema has the version of the capture.
func TestTableOfAnotherVersion(t *testing.T) {
	s := server(t)
	create(t, s, "versions")
	ask(t, s, "versions", `CREATE TABLE ACT_GE_PROPERTY (NAME_ varchar(64), VALUE_ varchar(300)); INSERT INTO ACT_GE_PROPERTY VALUES ('schema.version', '7.2.0.2'), ('next.dbid', '1');
CREATE TABLE tasks (i int); INSERT INTO tasks SELECT seq FROM seq_1_to_10; CREATE TABLE gone (i int)`)
	dir, facts := take(t, config(t, s, "versions"), env(t))
	only := func(c mysql.Config, replace bool, name string) (sources.Restored, error) {
		return mysql.New(c, env(t)).Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Only: []string{name}, Facts: facts, Replace: replace})
	}
	now := func() string {
		return ask(t, s, "versions", "SHOW TABLES; SELECT * FROM tasks; SELECT * FROM ACT_GE_PROPERTY; SELECT TABLE_NAME, CREATE_TIME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()")
	}

	ask(t, s, "versions", "DELETE FROM tasks WHERE i > 5; UPDATE ACT_GE_PROPERTY SET VALUE_ = '2' WHERE NAME_ = 'next.dbid'")
	if _, err := only(config(t, s, "versions"), true, "tasks"); err != nil {
		t.Fatalf("the same version: %v", err)
	}
	ask(t, s, "versions", "DELETE FROM tasks WHERE i > 5; DROP TABLE gone; UPDATE ACT_GE_PROPERTY SET VALUE_ = '7.3.0.0' WHERE NAME_ = 'schema.version'")
	before := now()
	for _, replace := range []bool{false, true} {
		for _, name := range []string{"tasks", "gone", "ACT_GE_PROPERTY"} {
			var e *tables.SchemaError
			_, err := only(config(t, s, "versions"), replace, name)
			if !errors.As(err, &e) || *e != (tables.SchemaError{Where: "ACT_GE_PROPERTY schema.version", Captured: "7.2.0.2", There: "7.3.0.0"}) {
				t.Errorf("%s into another version, replace %v: %v", name, replace, err)
			}
		}
	}
	same(t, now(), before)

	create(t, s, "spare")
	if _, err := only(config(t, s, "spare"), false, "tasks"); err != nil {
		t.Errorf("into an empty database: %v", err)
	}
	// A version that may not be read is told, and hinders nothing.
	name := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(name, []byte("blind-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(t, s, "spare", `CREATE TABLE ACT_GE_PROPERTY (NAME_ varchar(64), VALUE_ varchar(300)); INSERT INTO ACT_GE_PROPERTY VALUES ('schema.version', '1');
CREATE USER blind@'%' IDENTIFIED BY 'blind-password'; GRANT ALL ON spare.tasks TO blind@'%'; GRANT INSERT ON spare.ACT_GE_PROPERTY TO blind@'%'`)
	t.Cleanup(func() { ask(t, s, "", "DROP USER blind@'%'") })
	password, err := secret.Parse("{file:" + name + "}")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(t, s, "spare")
	cfg.User, cfg.Password = "blind", password
	done, err := only(cfg, true, "tasks")
	if err != nil || !strings.Contains(strings.Join(done.Notes, "\n"), "may not read ACT_GE_PROPERTY") {
		t.Errorf("with a version that may not be read: %v, %q", err, done.Notes)
	}
}
