package mysql_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/mysql"
	"ivyvault/sources/mysql/mysqltest"
	"ivyvault/sources/secret"
)

// One server serves the tests of this package; each makes databases of its own.
var shared struct {
	sync.Once
	*mysqltest.Server
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.Server != nil {
		shared.Stop()
	}
	os.Exit(code)
}

func server(t testing.TB) *mysqltest.Server {
	t.Helper()
	mysqltest.Need(t)
	shared.Do(func() { shared.Server, shared.err = mysqltest.Start("--log-bin=binlog", "--server-id=1") })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.Server
}

func config(t testing.TB, s *mysqltest.Server, database string) mysql.Config {
	t.Helper()
	v, err := secret.Parse("{file:" + s.PasswordFile + "}")
	if err != nil {
		t.Fatal(err)
	}
	return mysql.Config{Host: "127.0.0.1", Port: s.Port, User: s.User, Password: v, Database: database}
}

func env(t testing.TB) mysql.Env {
	scratch := t.TempDir()
	t.Cleanup(func() {
		if left, _ := os.ReadDir(scratch); len(left) > 0 {
			t.Errorf("left in the scratch folder: %v", left)
		}
	})
	return mysql.Env{Scratch: scratch, Now: func() time.Time { return time.Unix(1.7e9, 0) }}
}

// ask runs statements and returns what they print.
func ask(t testing.TB, s *mysqltest.Server, database, statements string) string {
	t.Helper()
	out, err := s.Query(context.Background(), database, statements)
	if err != nil {
		t.Fatalf("%.200s: %v", statements, err)
	}
	return out
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// create makes a database that goes with the test.
func create(t testing.TB, s *mysqltest.Server, name string) {
	t.Helper()
	drop(t, s, name)
	ask(t, s, "", "CREATE DATABASE "+quote(name)+" CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
}

// drop drops a database if it is there, now and when the test ends.
func drop(t testing.TB, s *mysqltest.Server, name string) {
	t.Helper()
	ask(t, s, "", "DROP DATABASE IF EXISTS "+quote(name))
	t.Cleanup(func() { ask(t, s, "", "DROP DATABASE IF EXISTS "+quote(name)) })
}

// take captures into a folder, as a backup and a mount would show it.
func take(t testing.TB, c mysql.Config, e mysql.Env) (string, sources.Facts) {
	t.Helper()
	cap, err := mysql.New(c, e).Capture(context.Background())
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
