package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// create makes a database as the captured one was defined, but for its rights
// and settings.
func (d *database) create(ctx context.Context, conn *pgx.Conn, name string, major int, owner bool) error {
	s := "CREATE DATABASE " + quote(name) + " TEMPLATE template0 ENCODING " + literal(d.Encoding) +
		" LC_COLLATE " + literal(d.Collate) + " LC_CTYPE " + literal(d.CType)
	switch {
	case d.Provider == "i" && major >= 15:
		s += " LOCALE_PROVIDER icu ICU_LOCALE " + literal(d.Locale)
	case d.Provider == "b" && major >= 17:
		s += " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + literal(d.Locale)
	case d.Provider == "c" && major >= 15:
		s += " LOCALE_PROVIDER libc"
	}
	if owner {
		s += " OWNER " + quote(d.Owner)
	}
	if _, err := conn.PgConn().Exec(ctx, s).ReadAll(); err != nil {
		return fmt.Errorf("the database %q can't be created: %w", name, err)
	}
	return nil
}

// finish gives a database its rights, settings and comment. What the server
// refuses, for a role that isn't there for example, becomes a note.
func (d *database) finish(ctx context.Context, conn *pgx.Conn, name string) (notes []string, err error) {
	var list []string
	on := " ON DATABASE " + quote(name)
	if d.OwnRights {
		list = append(list, "REVOKE ALL"+on+" FROM PUBLIC", "REVOKE ALL"+on+" FROM "+quote(d.Owner))
	}
	for _, r := range d.Rights {
		to, with := "PUBLIC", ""
		if r.Grantee != "" {
			to = quote(r.Grantee)
		}
		if r.Grantable {
			with = " WITH GRANT OPTION"
		}
		list = append(list, "GRANT "+r.Privilege+on+" TO "+to+with)
	}
	if d.Comment != "" {
		list = append(list, "COMMENT"+on+" IS "+literal(d.Comment))
	}
	if d.ConnLimit >= 0 {
		list = append(list, fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT %d", quote(name), d.ConnLimit))
	}
	for _, s := range d.Settings {
		key, value, _ := strings.Cut(s.Value, "=")
		of := "ALTER DATABASE " + quote(name)
		if s.Role != "" {
			of = "ALTER ROLE " + quote(s.Role) + " IN DATABASE " + quote(name)
		}
		list = append(list, of+" SET "+settingName(key)+" TO "+settingValue(key, value))
	}
	for _, s := range list {
		if _, err := conn.PgConn().Exec(ctx, s).ReadAll(); err != nil {
			if ctx.Err() != nil {
				return notes, context.Cause(ctx)
			}
			if conn.IsClosed() {
				return notes, err
			}
			notes = append(notes, fmt.Sprintf("%s: the server said: %v", s, err))
		}
	}
	return notes, nil
}

// settingName quotes each part of a name like "my.setting".
func settingName(key string) string {
	parts := strings.Split(key, ".")
	for i := range parts {
		parts[i] = quote(parts[i])
	}
	return strings.Join(parts, ".")
}

// settingValue writes the value of a setting. Those that are lists are kept in
// a form that must not become one text.
func settingValue(key, value string) string {
	switch strings.ToLower(key) {
	case "search_path", "temp_tablespaces", "session_preload_libraries", "shared_preload_libraries", "local_preload_libraries", "unix_socket_directories":
	default:
		return literal(value)
	}
	var out []string
	for rest := strings.TrimSpace(value); rest != ""; {
		n := strings.IndexByte(rest, ',')
		if rest[0] == '"' {
			n = quoted(rest, false)
			out = append(out, literal(strings.ReplaceAll(strings.TrimSuffix(rest[1:n], `"`), `""`, `"`)))
		} else {
			if n < 0 {
				n = len(rest)
			}
			out = append(out, literal(strings.TrimSpace(rest[:n])))
		}
		rest = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest[n:]), ","))
	}
	if len(out) == 0 {
		return "''"
	}
	return strings.Join(out, ", ")
}
