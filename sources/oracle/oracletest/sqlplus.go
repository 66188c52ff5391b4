package oracletest

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

const opening = `SET DEFINE OFF ECHO OFF VERIFY OFF FEEDBACK OFF HEADING OFF PAGESIZE 0 LINESIZE 32767 TRIMOUT ON SQLBLANKLINES ON
WHENEVER OSERROR EXIT FAILURE
WHENEVER SQLERROR EXIT FAILURE
`

const closing = "PROMPT ivyvault end\nEXIT SUCCESS\n"

var (
	column  = regexp.MustCompile(` \|\| '\|' \|\| RAWTOHEX\(UTL_I18N\.STRING_TO_RAW\(TO_CHAR\(([A-Za-z0-9_.]+|NVL\(SUM\(bytes\), 0\))\), 'AL32UTF8'\)\)`)
	literal = regexp.MustCompile(`'((?:[^']|'')*)'`)
	stop    = regexp.MustCompile(`^DECLARE\n  job NUMBER;\nBEGIN\n  job := DBMS_DATAPUMP\.ATTACH\('([A-Z0-9_]+)', USER\);\n  DBMS_DATAPUMP\.STOP_JOB\(job, 1, 0, 0\);\nEXCEPTION\n  WHEN OTHERS THEN\n    IF SQLCODE NOT IN \(-31626, -39001, -39002\) THEN\n      RAISE;\n    END IF;\nEND;\n/\n$`)
)

func (s *State) sqlplus(file string, args []string) error {
	if strings.Join(args, " ") != "-S -L /nolog" {
		return fault("SP2-0306: Invalid option: %v", args)
	}
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	text, ok := strings.CutPrefix(string(in), opening+"CONNECT ")
	login, text, _ := strings.Cut(text, "\n")
	text, whole := strings.CutSuffix(text, closing)
	if !ok || !whole {
		return fault("SP2-0042: unknown command")
	}
	if err := logged(file+".log", text); err != nil {
		return err
	}
	if err := s.login(login); err != nil {
		return err
	}
	if m := stop.FindStringSubmatch(text); m != nil {
		s.Jobs = slices.DeleteFunc(s.Jobs, func(j string) bool { return j == m[1] })
	} else if err := s.query(text); err != nil {
		return err
	}
	fmt.Println("ivyvault end")
	return nil
}

func (s *State) query(text string) error {
	rest, ok := strings.CutPrefix(text, "SELECT 'ivyvault row'")
	rest, done := strings.CutSuffix(rest, ";\n")
	list, from, _ := strings.Cut(rest, "\n")
	var columns []string
	for _, m := range column.FindAllStringSubmatch(list, -1) {
		columns = append(columns, m[1])
	}
	if !ok || !done || column.ReplaceAllString(list, "") != "" {
		return fault("ORA-00900: invalid SQL statement: %s", text)
	}
	var values []string
	for _, m := range literal.FindAllStringSubmatch(from, -1) {
		values = append(values, strings.ReplaceAll(m[1], "''", "'"))
	}
	rows, known := s.answer(strings.Join(columns, ","), literal.ReplaceAllString(from, "?"), from, values)
	if !known {
		return fault("ORA-00942: table or view does not exist: %s", text)
	}
	for _, r := range rows {
		line := "ivyvault row"
		for _, cell := range r {
			line += "|" + strings.ToUpper(hex.EncodeToString([]byte(cell)))
		}
		fmt.Println(line)
	}
	return nil
}

var property = regexp.MustCompile(`^FROM "([^"]+)"\."(ACT_GE_PROPERTY|ACT_ID_PROPERTY)" WHERE NAME_ LIKE '%schema.version'$`)

// answer answers the queries that are known; how has ? for strings.
func (s *State) answer(columns, how, from string, values []string) (rows [][]string, known bool) {
	in := strings.TrimSuffix(strings.Repeat("?, ", max(0, len(values))), ", ")
	switch {
	case columns == "p.version,v.banner" && how == "FROM product_component_version p, v$version v WHERE p.product LIKE ? AND v.banner LIKE ? AND ROWNUM = 1":
		return [][]string{{s.Version, s.Banner}}, true
	case columns == "directory_path" && how == "FROM all_directories WHERE directory_name = ?":
		if values[0] == s.Directory {
			rows = [][]string{{"/u01/dump"}}
		}
		return rows, true
	case columns == "role" && how == "FROM session_roles WHERE role IN (?, ?, ?)":
		for _, v := range values {
			if slices.Contains(s.Roles, v) {
				rows = append(rows, []string{v})
			}
		}
		return rows, true
	case columns == "username" && how == "FROM all_users WHERE username IN ("+in+")":
		for _, v := range values {
			if s.Schemas[v] != nil {
				rows = append(rows, []string{v})
			}
		}
		return rows, true
	case columns == "NVL(SUM(bytes), 0)" && how == "FROM dba_segments WHERE owner IN ("+in+")":
		return [][]string{{"1048576"}}, true
	case columns == "owner,table_name" && strings.HasPrefix(how, "FROM all_tables WHERE table_name IN (?, ?) AND owner IN (?") && strings.HasSuffix(how, ") ORDER BY owner, table_name"):
		return s.tables(func(o, t string) bool {
			return slices.Contains(values[2:], o) && slices.Contains(values[:2], t)
		}), true
	case columns == "owner,table_name" && occupied.MatchString(how):
		return s.living(how, values), true
	case columns == "NAME_,VALUE_":
		m := property.FindStringSubmatch(from)
		if m == nil {
			return nil, false
		}
		for _, r := range s.Schemas[m[1]][m[2]] {
			if strings.HasSuffix(r[0], "schema.version") {
				rows = append(rows, r)
			}
		}
		return rows, true
	}
	return nil, false
}

var occupied = regexp.MustCompile(`^FROM all_tables WHERE owner = \?(?: AND table_name = \?)?(?: OR owner = \?(?: AND table_name = \?)?)* ORDER BY owner, table_name$`)

func (s *State) living(how string, values []string) [][]string {
	return s.tables(func(o, t string) bool {
		at := 0
		for part := range strings.SplitSeq(how, " OR ") {
			n := strings.Count(part, "?")
			if o == values[at] && (n == 1 || t == values[at+1]) {
				return true
			}
			at += n
		}
		return false
	})
}

func (s *State) tables(fits func(owner, table string) bool) (rows [][]string) {
	for _, o := range slices.Sorted(maps.Keys(s.Schemas)) {
		for _, t := range slices.Sorted(maps.Keys(s.Schemas[o])) {
			if fits(o, t) {
				rows = append(rows, []string{o, t})
			}
		}
	}
	return rows
}
