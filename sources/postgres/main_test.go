package postgres_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ivyvault/sources/postgres"
	"ivyvault/sources/postgres/pgtest"
	"ivyvault/sources/secret"
)

// One server serves the tests of this package; each makes databases of its own.
var shared struct {
	sync.Once
	*pgtest.Server
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.Server != nil {
		shared.Stop()
	}
	os.Exit(code)
}

func server(t testing.TB) *pgtest.Server {
	t.Helper()
	pgtest.Need(t)
	shared.Do(func() { shared.Server, shared.err = pgtest.Start() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.Server
}

func passwordFile(t testing.TB, name string) secret.Value {
	t.Helper()
	v, err := secret.Parse("{file:" + name + "}")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// config is the superuser's.
func config(t testing.TB, s *pgtest.Server, database string) postgres.Config {
	return postgres.Config{Host: "127.0.0.1", Port: s.Port, User: s.User, Password: passwordFile(t, s.PasswordFile), Database: database, SSLMode: "disable"}
}

func env(t testing.TB) postgres.Env {
	scratch := t.TempDir()
	t.Cleanup(func() {
		if left, _ := os.ReadDir(scratch); len(left) > 0 {
			t.Errorf("left in the scratch folder: %v", left)
		}
	})
	return postgres.Env{Scratch: scratch, Now: func() time.Time { return time.Unix(1.7e9, 0) }}
}

func connect(t testing.TB, s *pgtest.Server, database string) *pgx.Conn {
	t.Helper()
	c, err := s.Connect(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func run(t testing.TB, c *pgx.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := c.PgConn().Exec(context.Background(), s).ReadAll(); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// create makes a database that goes with the test.
func create(t testing.TB, s *pgtest.Server, name, rest string) *pgx.Conn {
	t.Helper()
	drop(t, s, name)
	run(t, connect(t, s, "postgres"), "CREATE DATABASE "+quote(name)+rest)
	return connect(t, s, name)
}

// drop drops a database if it is there, now and when the test ends.
func drop(t testing.TB, s *pgtest.Server, name string) {
	t.Helper()
	c := connect(t, s, "postgres")
	now := func() {
		if _, err := c.Exec(context.Background(), "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	}
	now()
	t.Cleanup(now)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// table returns a query's rows as text, a line a row.
func table(t testing.TB, c *pgx.Conn, query string) string {
	t.Helper()
	rows, err := c.Query(context.Background(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var b strings.Builder
	for rows.Next() {
		v, err := rows.Values()
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		fmt.Fprintln(&b, v...)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return b.String()
}
