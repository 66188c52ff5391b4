package mssql

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// counts returns the rows by table, as the server's catalogue knows them.
func (s *session) counts(ctx context.Context, database string) (map[string]int64, error) {
	rows, err := s.rows(ctx, database, []string{"s.name", "t.name", "SUM(p.rows)"},
		"FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id JOIN sys.partitions p ON p.object_id = t.object_id AND p.index_id IN (0, 1) WHERE t.is_ms_shipped = 0 GROUP BY s.name, t.name")
	if err != nil {
		return nil, err
	}
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		if out[r[0]+"."+r[1]], err = strconv.ParseInt(r[2], 10, 64); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// schemas reads the versions that engines keep of their tables.
func (s *session) schemas(ctx context.Context, counts map[string]int64) (map[string]string, error) {
	out := map[string]string{}
	for table := range counts {
		schema, short, _ := strings.Cut(table, ".")
		if upper := strings.ToUpper(short); upper != "ACT_GE_PROPERTY" && upper != "ACT_ID_PROPERTY" {
			continue
		}
		rows, err := s.rows(ctx, s.c.Database, []string{"NAME_", "VALUE_"}, fmt.Sprintf("FROM %s.%s WHERE NAME_ LIKE '%%schema.version'", name(schema), name(short)))
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[table+" "+r[0]] = r[1]
		}
	}
	return out, nil
}

// logins scripts the logins of the database's users. Each statement does
// nothing where the login is there, so that the script can be run again.
func (s *session) logins(ctx context.Context) (script string, notes []string, err error) {
	rows, err := s.rows(ctx, s.c.Database, []string{"p.name", "p.type", "CONVERT(varchar(200), p.sid, 1)", "CONVERT(varchar(600), l.password_hash, 1)", "l.is_policy_checked", "l.is_expiration_checked", "p.is_disabled"},
		"FROM sys.server_principals p LEFT JOIN sys.sql_logins l ON l.principal_id = p.principal_id WHERE p.type IN ('S', 'U', 'G') AND p.principal_id > 1 AND p.name NOT LIKE '##%' AND p.sid IN (SELECT u.sid FROM sys.database_principals u WHERE u.sid IS NOT NULL) ORDER BY p.name")
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "-- The logins of the users of %s, with their SIDs and password hashes.\n", name(s.c.Database))
	for _, r := range rows {
		if strings.ContainsFunc(r[0], func(c rune) bool { return c < ' ' }) {
			notes = append(notes, fmt.Sprintf("the login %q has a control character in its name and is not in %s", r[0], loginsName))
			continue
		}
		if r[1] == "S" && r[3] == "" {
			return "", nil, fmt.Errorf("the password hash of the login %s can't be read: the backup's login needs the right CONTROL SERVER, without which the logins of the users are lost", r[0])
		}
		b.WriteString(login(r))
	}
	roles, err := s.rows(ctx, s.c.Database, []string{"r.name", "p.name"},
		"FROM sys.server_role_members m JOIN sys.server_principals r ON r.principal_id = m.role_principal_id JOIN sys.server_principals p ON p.principal_id = m.member_principal_id WHERE p.principal_id > 1 AND p.name NOT LIKE '##%' AND p.sid IN (SELECT u.sid FROM sys.database_principals u WHERE u.sid IS NOT NULL) ORDER BY r.name, p.name")
	if err != nil {
		return "", nil, err
	}
	for _, r := range roles {
		fmt.Fprintf(&b, "ALTER SERVER ROLE %s ADD MEMBER %s;\n", name(r[0]), name(r[1]))
	}
	return b.String(), notes, nil
}

// login writes what makes one login: name, type, SID, hash, policy, expiration,
// disabled.
func login(r []string) string {
	onOff := func(s string) string {
		if s == "1" {
			return "ON"
		}
		return "OFF"
	}
	out := "IF SUSER_ID(" + literal(r[0]) + ") IS NULL CREATE LOGIN " + name(r[0])
	if r[1] == "S" {
		// A password that comes as a hash can't be checked against a policy.
		out += fmt.Sprintf(" WITH PASSWORD = %s HASHED, SID = %s, CHECK_POLICY = OFF;\n", r[3], r[2])
		if r[4] == "1" {
			out += fmt.Sprintf("ALTER LOGIN %s WITH CHECK_POLICY = ON, CHECK_EXPIRATION = %s;\n", name(r[0]), onOff(r[5]))
		}
	} else {
		out += " FROM WINDOWS;\n"
	}
	if r[6] == "1" {
		out += "ALTER LOGIN " + name(r[0]) + " DISABLE;\n"
	}
	return out
}
