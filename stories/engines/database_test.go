package engines

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"ivyvault/sources/mysql/mysqltest"
	"ivyvault/sources/postgres/pgtest"
)

// database is a database of an engine, whatever its server.
type database interface {
	exec(t *testing.T, statements string)
	// rows are all rows of all tables, by table and key.
	rows(t *testing.T, tables ...string) map[string]string
	drop(t *testing.T)
	create(t *testing.T)
	named(name string) database // another one of the same server
	url() string                // as an engine has it
	user() string
	password() string
}

type pgDatabase struct {
	s    *pgtest.Server
	name string
}

func (d pgDatabase) conn(t *testing.T, name string, do func(context.Context, *pgx.Conn)) {
	t.Helper()
	c, err := d.s.Connect(t.Context(), name)
	check(t, err)
	defer func() { check(t, c.Close(t.Context())) }()
	do(t.Context(), c)
}

func (d pgDatabase) exec(t *testing.T, statements string) {
	t.Helper()
	d.conn(t, d.name, func(ctx context.Context, c *pgx.Conn) {
		_, err := c.Exec(ctx, statements)
		check(t, err)
	})
}

func (d pgDatabase) rows(t *testing.T, tables ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	d.conn(t, d.name, func(ctx context.Context, c *pgx.Conn) {
		for _, table := range tables {
			rows, err := c.Query(ctx, "SELECT t::text FROM "+table+" t")
			check(t, err)
			list, err := pgx.CollectRows(rows, pgx.RowTo[string])
			check(t, err)
			for _, r := range list {
				out[table+" "+r] = "there"
			}
		}
	})
	return out
}

func (d pgDatabase) drop(t *testing.T) {
	t.Helper()
	pgDatabase{d.s, "postgres"}.exec(t, `DROP DATABASE IF EXISTS "`+d.name+`" WITH (FORCE)`)
}

func (d pgDatabase) create(t *testing.T) {
	t.Helper()
	pgDatabase{d.s, "postgres"}.exec(t, `CREATE DATABASE "`+d.name+`"`)
}

func (d pgDatabase) named(name string) database { return pgDatabase{d.s, name} }
func (d pgDatabase) url() string {
	return fmt.Sprintf("jdbc:postgresql://127.0.0.1:%d/%s", d.s.Port, d.name)
}
func (d pgDatabase) user() string     { return d.s.User }
func (d pgDatabase) password() string { return d.s.Password }

type myDatabase struct {
	s    *mysqltest.Server
	name string
}

func (d myDatabase) exec(t *testing.T, statements string) {
	t.Helper()
	_, err := d.s.Query(t.Context(), d.name, statements)
	check(t, err)
}

func (d myDatabase) rows(t *testing.T, tables ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, table := range tables {
		said, err := d.s.Query(t.Context(), d.name, "SELECT * FROM "+table)
		check(t, err)
		for line := range strings.SplitSeq(strings.TrimSpace(said), "\n") {
			out[table+" "+line] = "there"
		}
	}
	return out
}

func (d myDatabase) drop(t *testing.T) {
	t.Helper()
	_, err := d.s.Query(t.Context(), "", "DROP DATABASE IF EXISTS "+d.name)
	check(t, err)
}

func (d myDatabase) create(t *testing.T) {
	t.Helper()
	_, err := d.s.Query(t.Context(), "", "CREATE DATABASE "+d.name)
	check(t, err)
}

func (d myDatabase) named(name string) database { return myDatabase{d.s, name} }
func (d myDatabase) url() string {
	return fmt.Sprintf("jdbc:mariadb://127.0.0.1:%d/%s", d.s.Port, d.name)
}
func (d myDatabase) user() string     { return d.s.User }
func (d myDatabase) password() string { return d.s.Password }
