package systems

import (
	"fmt"
	"strings"
	"testing"

	"ivyvault/sources/mysql/mysqltest"
	"ivyvault/sources/postgres/pgtest"
)

// wide is how many bytes of rows there are, and deep where among them a capture
// is held still: more lies behind it than fits into any buffer on the way.
const (
	wide = 24 << 20
	deep = 4 << 20
)

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	pgtest.Need(t)
	s, err := pgtest.Start("wal_level=logical")
	check(t, err)
	t.Cleanup(s.Stop)
	ask := func(sql string) string {
		t.Helper()
		c, err := s.Connect(t.Context(), "postgres")
		check(t, err)
		defer c.Close(t.Context())
		rows, err := c.Query(t.Context(), sql)
		check(t, err)
		defer rows.Close()
		var out []string
		for rows.Next() {
			v, err := rows.Values()
			check(t, err)
			out = append(out, fmt.Sprint(v...))
		}
		check(t, rows.Err())
		return strings.Join(out, "\n")
	}
	ask(fmt.Sprintf("CREATE TABLE claim AS SELECT n AS id, repeat(md5(n::text), 32) AS body FROM generate_series(1, %d) n", wide>>10))

	g := newGate(t, fmt.Sprintf("127.0.0.1:%d", s.Port))
	_, port, _ := strings.Cut(g.addr, ":")
	h := newHost(t, fmt.Sprintf("    databases:\n      system: {type: postgresql, host: 127.0.0.1, port: %s, database: postgres, user: %s, password: \"{file:%s}\"}\n", port, s.User, s.PasswordFile))
	(&story{
		h: h, part: "databases/system", gate: g, trap: func() *trap { return &trap{answers: deep, every: true} }, tool: "pg_dump", scratch: true,
		kill: s.Kill, launch: func() { check(t, s.Launch()) },
		died: []string{`the PostgreSQL database "postgres"`},
		left: func(when string) {
			until(t, "no session of the program is left on the server", func() bool {
				return ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()") == "0"
			})
			if n := ask("SELECT slot_name FROM pg_replication_slots"); n != "" {
				t.Errorf("%s replication slots are left: %s", when, n)
			}
		},
	}).run(t)
}

func TestMariaDB(t *testing.T) {
	t.Parallel()
	mysqltest.Need(t)
	s, err := mysqltest.Start()
	check(t, err)
	t.Cleanup(s.Stop)
	ask := func(sql string) string {
		t.Helper()
		out, err := s.Query(t.Context(), "", sql)
		check(t, err)
		return strings.TrimSpace(out)
	}
	ask(fmt.Sprintf("CREATE DATABASE claims; USE claims; CREATE TABLE claim (id INT PRIMARY KEY, body TEXT) ENGINE=InnoDB; INSERT INTO claim SELECT seq, REPEAT(MD5(seq), 32) FROM seq_1_to_%d", wide>>10))

	g := newGate(t, fmt.Sprintf("127.0.0.1:%d", s.Port))
	_, port, _ := strings.Cut(g.addr, ":")
	h := newHost(t, fmt.Sprintf("    databases:\n      system: {type: mariadb, host: 127.0.0.1, port: %s, database: claims, user: %s, password: \"{file:%s}\"}\n", port, s.User, s.PasswordFile))
	(&story{
		h: h, part: "databases/system", gate: g, trap: func() *trap { return &trap{answers: deep, every: true} }, tool: "mariadb-dump", scratch: true,
		kill: s.Kill, launch: func() { check(t, s.Launch()) },
		died: []string{`the database "claims"`, "mariadb-dump"},
		left: func(string) {
			until(t, "no session of the program is left on the server", func() bool {
				return ask("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'keeper' AND id <> CONNECTION_ID()") == "0"
			})
		},
	}).run(t)
}
