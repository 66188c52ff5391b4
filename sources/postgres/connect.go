package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ivyvault/sources/tool"
)

// conninfo is a connection string for pgx and for PostgreSQL's programs, where
// it stands on the command line: it holds no password. It is the one form in
// which a database may have any name.
func (p *Part) conninfo(database string) string {
	var b strings.Builder
	add := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s='%s' ", key, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value))
		}
	}
	add("host", p.cfg.Host)
	add("port", strconv.Itoa(p.cfg.Port))
	add("user", p.cfg.User)
	add("dbname", database)
	add("sslmode", p.cfg.SSLMode)
	add("sslrootcert", p.cfg.SSLRootCert)
	add("sslcert", p.cfg.SSLCert)
	add("sslkey", p.cfg.SSLKey)
	add("application_name", "ivyvault")
	return strings.TrimSpace(b.String())
}

// connect opens a connection of our own.
func (p *Part) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	password, err := p.env.Mask.Reveal(ctx, p.cfg.Password)
	if err != nil {
		return nil, err
	}
	cfg, err := pgx.ParseConfig(p.conninfo(database))
	if err != nil {
		return nil, p.masked(err)
	}
	if password != "" {
		cfg.Password = password
	}
	cfg.RuntimeParams["lock_timeout"] = strconv.FormatInt(p.cfg.LockWait.Milliseconds(), 10)
	// Texts in the form in which they come are all that is asked for here, so
	// nothing is prepared: a pooler in between need not keep it.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, p.masked(err)
	}
	return conn, nil
}

// maskedError is an error whose text holds no secret.
type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.err }

func (p *Part) masked(err error) error {
	if err == nil {
		return nil
	}
	return &maskedError{p.env.Mask.Clean(err.Error()), err}
}

// passFile writes the password into a file in a folder that only we can read,
// and returns the environment that leads programs to it.
func (p *Part) passFile(ctx context.Context, dir string) ([]string, error) {
	password, err := p.env.Mask.Reveal(ctx, p.cfg.Password)
	if err != nil || password == "" {
		return nil, err
	}
	name := filepath.Join(dir, "pgpass")
	line := "*:*:*:*:" + strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(password) + "\n"
	if err := os.WriteFile(name, []byte(line), 0o600); err != nil {
		return nil, err
	}
	return []string{"PGPASSFILE=" + name, "PGPASSWORD="}, nil
}

// program is a command that talks to the server.
func (p *Part) program(env []string, argv ...string) tool.Command {
	return tool.Command{Argv: argv, Env: append([]string{"PGCLIENTENCODING=UTF8", "PGOPTIONS="}, env...), Said: p.env.Log, Mask: p.env.Mask}
}

// quote writes a name as SQL wants it.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal writes a text as SQL wants it.
func literal(text string) string {
	if strings.Contains(text, `\`) {
		return ` E'` + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + `'`
	}
	return `'` + strings.ReplaceAll(text, `'`, `''`) + `'`
}

// qualified is a table with its schema, as SQL wants it.
func qualified(schema, name string) string { return quote(schema) + "." + quote(name) }

// parting is how long a server may take to hear that a connection ends.
const parting = 5 * time.Second

// leave ends a connection, also where the context has ended.
func leave(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer cancel()
	_ = conn.Close(ctx) // whatever it says, it is over
}
