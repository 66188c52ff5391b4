package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// RightsError says what a user can't read, and what a superuser has to run so
// that it can.
type RightsError struct {
	User    string
	Lacking []string // what can't be read, in words
	Remedy  []string // statements
}

func (e *RightsError) Error() string {
	const atMost = 5
	some, rest := e.Lacking, ""
	if len(some) > atMost {
		some, rest = some[:atMost], fmt.Sprintf(" and %d more", len(e.Lacking)-atMost)
	}
	return fmt.Sprintf("the user %q can't read all of the database: %s%s; nothing was captured. As a superuser, run: %s",
		e.User, strings.Join(some, ", "), rest, strings.Join(e.Remedy, " "))
}

// missing are the questions whose rows name what can't be read.
var missing = [...]struct{ what, query string }{
	{"no right on the schema %s", `
SELECT DISTINCT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'S', 'v', 'm') AND ` + own + ` AND NOT has_schema_privilege(n.oid, 'USAGE') ORDER BY 1`},
	{"no right to read the table %s", `
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND ` + own + ` AND NOT has_table_privilege(c.oid, 'SELECT') ORDER BY 1`},
	{"no right to read the sequence %s", `
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND ` + own + ` AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'SELECT') END ORDER BY 1`},
	{"row security hides rows of the table %s", `
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity AND ` + own + ` AND row_security_active(c.oid) ORDER BY 1`},
	{"no right to read %s large objects", `
SELECT count(*)::text FROM pg_largeobject_metadata m
WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND NOT pg_has_role(m.lomowner, 'USAGE')
	AND current_setting('lo_compat_privileges') <> 'on'
	AND NOT EXISTS (SELECT 1 FROM aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
HAVING count(*) > 0`},
}

// checkRights asks the server whether the user can read everything.
func checkRights(ctx context.Context, tx pgx.Tx, serverMajor int) error {
	e := &RightsError{}
	if err := tx.QueryRow(ctx, `SELECT current_user::text`).Scan(&e.User); err != nil {
		return err
	}
	var names [len(missing)][]string
	for i, m := range missing {
		rows, err := tx.Query(ctx, m.query)
		if err != nil {
			return err
		}
		if names[i], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
		for _, name := range names[i] {
			e.Lacking = append(e.Lacking, fmt.Sprintf(m.what, name))
		}
	}
	if len(e.Lacking) == 0 {
		return nil
	}
	user := quote(e.User)
	if len(names[0])+len(names[1])+len(names[2]) > 0 {
		if serverMajor >= 14 {
			e.Remedy = append(e.Remedy, "GRANT pg_read_all_data TO "+user+";")
		} else {
			e.Remedy = append(e.Remedy, older(user, names[0], names[1], names[2])...)
		}
	}
	if len(names[3]) > 0 {
		e.Remedy = append(e.Remedy, "ALTER ROLE "+user+" BYPASSRLS;")
	}
	if len(names[4]) > 0 {
		e.Remedy = append(e.Remedy, "GRANT SELECT ON LARGE OBJECT … TO "+user+"; for each of them, or ALTER ROLE "+user+" SUPERUSER;")
	}
	return e
}

// older are the grants for servers that have no role which reads everything.
func older(user string, schemas, tables, sequences []string) (out []string) {
	for _, s := range schemas {
		out = append(out, "GRANT USAGE ON SCHEMA "+s+" TO "+user+";")
	}
	if len(tables) > 0 {
		out = append(out, "GRANT SELECT ON TABLE "+strings.Join(tables, ", ")+" TO "+user+";")
	}
	if len(sequences) > 0 {
		out = append(out, "GRANT SELECT ON SEQUENCE "+strings.Join(sequences, ", ")+" TO "+user+";")
	}
	return out
}
