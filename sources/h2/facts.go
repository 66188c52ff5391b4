package h2

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"ivyvault/sources/h2/link"
	"ivyvault/sources/tables"
)

// open connects, and says what users can do where it is refused.
func open(ctx context.Context, p *Part, j jar, folder, url, password string) (*link.Conn, error) {
	c, err := link.Open(ctx, link.Login{Java: p.java(), Jar: j.path, Folder: folder, URL: url, User: p.c.User, Password: password, Mask: p.env.Mask, Said: p.env.Log})
	var e *link.Error
	if errors.As(err, &e) {
		switch e.Code {
		case 28000:
			return nil, fmt.Errorf("the user %s is refused: the name or the password is wrong: %w", p.c.User, err)
		case 90020:
			return nil, fmt.Errorf("the database was opened by another process meanwhile: try again: %w", err)
		case 90048, 90030:
			return nil, fmt.Errorf("%s (H2 %s) can't read the file: it is damaged, or of another version: %w", j.path, j.version, err)
		case 90067:
			return nil, fmt.Errorf("nobody answers: is the server running, and its port reachable from here? %w", err)
		}
	}
	return c, err
}

// describe learns what the database is, in the view that the connection has.
func (t *taking) describe(conn *link.Conn) (err error) {
	f := &t.out.facts
	f.Product = "H2"
	if f.Version, err = version(conn); err != nil {
		return err
	}
	f.Tool = "H2 " + t.jar.version
	if err := t.administrator(conn); err != nil {
		return err
	}
	all, err := list(conn)
	if err != nil {
		return err
	}
	if f.Counts, err = count(conn, all); err != nil {
		return err
	}
	f.Schema, err = schemas(conn, all, func(string, *link.Error) error { return nil }) // else a table of another shape
	return err
}

func version(conn *link.Conn) (string, error) { return conn.One("SELECT H2VERSION()") }

// administrator makes sure that the user may do what is needed, before a
// statement fails by half.
func (t *taking) administrator(conn *link.Conn) error {
	_, err := conn.Exec("SCRIPT NODATA TABLE INFORMATION_SCHEMA.USERS")
	var e *link.Error
	if errors.As(err, &e) && e.Code == 90040 {
		return fmt.Errorf("the user %s is no administrator of the database, and SCRIPT and BACKUP ask for one: ALTER USER %s ADMIN TRUE, or name another user: %w", t.c.User, quote(t.c.User), err)
	}
	return nil
}

// list lists the tables that hold rows, with their columns.
func list(conn *link.Conn) (out []tables.Table, err error) {
	err = conn.Query(`SELECT T."TABLE_SCHEMA", T."TABLE_NAME", C."COLUMN_NAME" FROM "INFORMATION_SCHEMA"."TABLES" T LEFT JOIN "INFORMATION_SCHEMA"."COLUMNS" C ON C."TABLE_SCHEMA" = T."TABLE_SCHEMA" AND C."TABLE_NAME" = T."TABLE_NAME" WHERE T."TABLE_TYPE" IN ('TABLE', 'BASE TABLE') AND T."TABLE_SCHEMA" <> 'INFORMATION_SCHEMA' ORDER BY 1, 2, C."ORDINAL_POSITION"`, func(r []link.Cell) error {
		if n := len(out); n == 0 || out[n-1].Schema != r[0].Text || out[n-1].Name != r[1].Text {
			out = append(out, tables.Table{Schema: r[0].Text, Name: r[1].Text})
		}
		if last := &out[len(out)-1]; !r[2].Null {
			last.Columns = append(last.Columns, r[2].Text)
		}
		return nil
	})
	return out, err
}

// counted counts the rows of all tables.
func counted(conn *link.Conn) (map[string]int64, error) {
	all, err := list(conn)
	if err != nil {
		return nil, err
	}
	return count(conn, all)
}

func count(conn *link.Conn, all []tables.Table) (map[string]int64, error) {
	counts := make(map[string]int64, len(all))
	for _, t := range all {
		text, err := conn.One("SELECT COUNT(*) FROM " + quote(t.Schema) + "." + quote(t.Name))
		if err != nil {
			return nil, fmt.Errorf("the rows of %s: %w", tableName(t.Schema, t.Name), err)
		}
		if counts[tableName(t.Schema, t.Name)], err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// tableName is how a table is called in facts and on the command line:
// PUBLIC.ACT_RU_TASK, with quotes around a part that is no plain name.
func tableName(schema, table string) string { return plain(schema) + "." + plain(table) }

func plain(s string) string {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '$' || i > 0 && c >= '0' && c <= '9') {
			return quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

// schemas reads the versions that products keep of their tables. What H2 says
// of a table that can't be read is for unread to judge.
func schemas(conn *link.Conn, all []tables.Table, unread func(name string, e *link.Error) error) (map[string]string, error) {
	out := map[string]string{}
	for _, q := range tables.Queries(tables.Defaults(), all, tables.Dialect{Quote: quote, Text: "VARCHAR"}) {
		name := tableName(q.Table.Schema, q.Table.Name)
		err := conn.Query(q.SQL, func(r []link.Cell) error {
			out[name+" "+r[0].Text] = r[1].Text
			return nil
		})
		var e *link.Error
		if errors.As(err, &e) {
			err = unread(name, e)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// differences says in which tables two counts differ.
func differences(want, got map[string]int64) (out []string) {
	for name, n := range want {
		if m, ok := got[name]; !ok {
			out = append(out, name+" is missing")
		} else if m != n {
			out = append(out, fmt.Sprintf("%s holds %d rows instead of %d", name, m, n))
		}
	}
	return out
}
