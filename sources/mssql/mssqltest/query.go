package mssqltest

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// query reads a batch that prints rows, and prints those of a query that is
// known.
func (b *batch) query() error {
	p := &b.p
	p.want("DECLARE answer CURSOR LOCAL FAST_FORWARD FOR SELECT")
	if p.str() != "ivyvault row" {
		p.fail(p.peek())
	}
	var columns []string
	for p.is("+") {
		if p.str() != "|" {
			p.fail(p.peek())
		}
		p.want("+ ISNULL ( CONVERT ( varchar ( 1900 ) , CONVERT ( varbinary ( 950 ) , CONVERT ( nvarchar ( 475 ) ,")
		columns = append(columns, p.until(")"))
		p.want(") ) , 2 ) ,")
		if p.str() != "" {
			p.fail(p.peek())
		}
		p.want(")")
	}
	from := p.until(";")
	p.want("; OPEN answer ; FETCH NEXT FROM answer INTO @line ; WHILE @@FETCH_STATUS = 0 BEGIN PRINT @line ; FETCH NEXT FROM answer INTO @line ; END ; CLOSE answer ; DEALLOCATE answer ; PRINT")
	if p.str() != "ivyvault end" {
		p.fail(p.peek())
	}
	p.want(";")
	if p.err != nil {
		return p.err
	}
	rows, known := b.answer(strings.Join(columns, " | "), from)
	if !known {
		return fault("Msg 208, Level 16, State 1, Server db1, Line 1\nInvalid object name: SELECT %s %s", strings.Join(columns, " | "), from)
	}
	for _, r := range rows {
		line := "ivyvault row"
		for _, cell := range r {
			line += "|" + digits(cell)
		}
		fmt.Println(line)
	}
	fmt.Println("ivyvault end")
	return nil
}

func digits(s string) string {
	var p []byte
	for _, u := range utf16.Encode([]rune(s)) {
		p = append(p, byte(u), byte(u>>8))
	}
	return strings.ToUpper(hex.EncodeToString(p))
}

// The queries that are known, as the parser spells them.
const (
	ofUsers   = "p . sid IN ( SELECT u . sid FROM sys . database_principals u WHERE u . sid IS NOT NULL )"
	describe  = "SERVERPROPERTY ( 'ProductVersion' ) | SERVERPROPERTY ( 'Edition' ) | d . state_desc | d . recovery_model_desc | d . collation_name | d . is_encrypted | ( SELECT SUM ( CONVERT ( bigint , m . size ) ) * 8192 FROM sys . master_files m WHERE m . database_id = d . database_id )"
	byName    = "FROM sys . databases d WHERE d . name = "
	counting  = "FROM sys . tables t JOIN sys . schemas s ON s . schema_id = t . schema_id JOIN sys . partitions p ON p . object_id = t . object_id AND p . index_id IN ( 0 , 1 ) WHERE t . is_ms_shipped = 0 GROUP BY s . name , t . name"
	logins    = "p . name | p . type | CONVERT ( varchar ( 200 ) , p . sid , 1 ) | CONVERT ( varchar ( 600 ) , l . password_hash , 1 ) | l . is_policy_checked | l . is_expiration_checked | p . is_disabled"
	allLogins = "FROM sys . server_principals p LEFT JOIN sys . sql_logins l ON l . principal_id = p . principal_id WHERE p . type IN ( 'S' , 'U' , 'G' ) AND p . principal_id > 1 AND p . name NOT LIKE '##%' AND " + ofUsers + " ORDER BY p . name"
	members   = "FROM sys . server_role_members m JOIN sys . server_principals r ON r . principal_id = m . role_principal_id JOIN sys . server_principals p ON p . principal_id = m . member_principal_id WHERE p . principal_id > 1 AND p . name NOT LIKE '##%' AND " + ofUsers + " ORDER BY r . name , p . name"
	orphans   = "FROM sys . database_principals u LEFT JOIN sys . server_principals p ON p . sid = u . sid WHERE u . type IN ( 'S' , 'U' , 'G' ) AND u . authentication_type IN ( 1 , 3 ) AND u . principal_id > 4 AND p . sid IS NULL ORDER BY u . name"
)

func (b *batch) answer(columns, from string) (rows [][]string, known bool) {
	d := b.s.Databases[b.database]
	named := b.s.Databases[strings.Trim(strings.TrimPrefix(from, byName), "'")]
	bit := func(v bool) string { return map[bool]string{true: "1", false: "0"}[v] }
	switch {
	case columns == describe && strings.HasPrefix(from, byName):
		if named != nil {
			rows = append(rows, []string{b.s.Version, b.s.Edition, named.State, "FULL", "Latin1_General_CI_AS", bit(named.TDE), "8388608"})
		}
	case columns == "d . state_desc" && strings.HasPrefix(from, byName):
		if named != nil {
			rows = append(rows, []string{named.State})
		}
	case columns == "SERVERPROPERTY ( 'ProductMajorVersion' )" && from == "":
		rows = [][]string{{major(b.s.Version)}}
	case columns == "SERVERPROPERTY ( 'InstanceDefaultDataPath' ) | SERVERPROPERTY ( 'InstanceDefaultLogPath' )" && from == "":
		rows = [][]string{{`D:\data\`, `E:\log\`}}
	case d == nil:
		return nil, false
	case columns == "s . name | t . name | SUM ( p . rows )" && from == counting:
		for _, name := range slices.Sorted(maps.Keys(d.Tables)) {
			schema, table, _ := strings.Cut(name, ".")
			rows = append(rows, []string{schema, table, strconv.Itoa(len(d.Tables[name]))})
		}
	case columns == "NAME_ | VALUE_" && from == "FROM [dbo] . [ACT_GE_PROPERTY] WHERE NAME_ LIKE '%schema.version'":
		for _, r := range d.Tables["dbo.ACT_GE_PROPERTY"] {
			if strings.HasSuffix(r[0], "schema.version") {
				rows = append(rows, r)
			}
		}
	case columns == logins && from == allLogins:
		for _, name := range slices.Sorted(maps.Keys(b.s.Logins)) {
			l := b.s.Logins[name]
			if slices.Contains(slices.Collect(maps.Values(d.Users)), l.SID) {
				hash := l.Hash
				if b.s.Fault == "no hashes" {
					hash = ""
				}
				rows = append(rows, []string{name, l.Type, l.SID, hash, bit(l.Policy), bit(l.Expiration), bit(l.Disable)})
			}
		}
	case columns == "r . name | p . name" && from == members:
		for _, name := range slices.Sorted(maps.Keys(b.s.Logins)) {
			if l := b.s.Logins[name]; slices.Contains(slices.Collect(maps.Values(d.Users)), l.SID) {
				for _, r := range l.Roles {
					rows = append(rows, []string{r, name})
				}
			}
		}
	case columns == "u . name | SUSER_ID ( u . name )" && from == orphans:
		rows = b.orphans(d)
	default:
		return nil, false
	}
	return rows, true
}

func (b *batch) orphans(d *Database) (rows [][]string) {
	for _, user := range slices.Sorted(maps.Keys(d.Users)) {
		tied := false
		for _, l := range b.s.Logins {
			tied = tied || l.SID == d.Users[user]
		}
		id := ""
		if b.s.Logins[user] != nil {
			id = "267"
		}
		if !tied {
			rows = append(rows, []string{user, id})
		}
	}
	return rows
}
