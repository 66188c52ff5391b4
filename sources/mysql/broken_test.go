package mysql_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/mysql"
)

// A restore that fails says what is there, and removes what it made itself.
func TestRestoreFails(t *testing.T) {
	s := server(t)
	create(t, s, "lives")
	ask(t, s, "lives", "CREATE TABLE a AS SELECT seq FROM seq_1_to_5000; CREATE TABLE b (i int)")
	dir, facts := take(t, config(t, s, "lives"), env(t))
	drop(t, s, "fresh")
	restore := func(database string, opt sources.RestoreOptions) error {
		_, err := mysql.New(config(t, s, database), env(t)).Restore(t.Context(), os.DirFS(dir), opt)
		return err
	}
	wrong := facts
	wrong.Counts = map[string]int64{"a": 5001}
	var counted *mysql.CountError
	if err := restore("fresh", sources.RestoreOptions{Facts: wrong}); !errors.As(err, &counted) || !strings.Contains(err.Error(), "that was begun was removed") {
		t.Errorf("got %v", err)
	}
	name := filepath.Join(dir, "database.json")
	desc, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{{`"server": "`, `"server": "9`}, {`"product": "MariaDB"`, `"product": "MySQL"`}} {
		if err := os.WriteFile(name, []byte(strings.Replace(string(desc), change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		var older *mysql.OlderServerError
		if err := restore("fresh", sources.RestoreOptions{}); !errors.As(err, &older) {
			t.Errorf("%s: %v", change[1], err)
		}
	}
	if err := os.WriteFile(name, desc, 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "tables", "b.sql")
	if err := os.WriteFile(file, []byte("CREATE TABLE b (i int;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := restore("fresh", sources.RestoreOptions{Facts: facts}); err == nil || !strings.Contains(err.Error(), "tables/b.sql") || !strings.Contains(err.Error(), "that was begun was removed") {
		t.Errorf("got %v", err)
	}
	if got := ask(t, s, "", "SHOW DATABASES LIKE 'fresh'"); got != "" {
		t.Errorf("left: %s", got)
	}
	ask(t, s, "", "CREATE DATABASE fresh")
	if err := restore("fresh", sources.RestoreOptions{Facts: facts}); err == nil || !strings.Contains(err.Error(), "now holds a part") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := restore("lives", sources.RestoreOptions{Facts: facts, Replace: true}); err == nil || !strings.Contains(err.Error(), "a file of the capture is missing") {
		t.Errorf("got %v", err)
	}
	if got := ask(t, s, "lives", "SELECT COUNT(*) FROM a"); got != "5000\n" {
		t.Errorf("what lived holds %s rows", got)
	}
}
