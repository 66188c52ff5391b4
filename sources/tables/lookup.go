package tables

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Lookup says where a version stands. Names are compared without regard to
// case; a column that a table lacks leaves the table out. With none of the
// columns given, all columns are taken whose name holds the word "version".
type Lookup struct {
	// Table is a pattern with * and ? for the table's name without its schema.
	Table string `yaml:"table"`
	// Key and Value name the columns of a table of properties. With Key, the
	// rows whose key holds the word "version" are taken.
	Key   string `yaml:"key"`
	Value string `yaml:"value"`
	// Order names a column; with it the number of rows counts, and Value of
	// the row in which Order is greatest. Key is not used then.
	Order string `yaml:"order"`
}

// Defaults returns the look-ups for engines that are known: Flowable's and
// Activiti's properties, the change logs of Liquibase, Axon Ivy's version, and which
// product the identity tables of WSO2 are of, which keep no version.
func Defaults() []Lookup {
	return []Lookup{
		{Table: "act_ge_property", Key: "name_", Value: "value_"},
		{Table: "act_id_property", Key: "name_", Value: "value_"},
		{Table: "*databasechangelog", Order: "orderexecuted", Value: "id"},
		{Table: "iwa_*version*"},
		{Table: "idn_base_table", Order: "product_name", Value: "product_name"},
	}
}

// Validate says what is wrong with a look-up.
func (l *Lookup) Validate() error {
	if _, err := path.Match(l.Table, ""); err != nil || l.Table == "" {
		return fmt.Errorf("%q is no pattern for the name of a table that holds a version", l.Table)
	}
	if (l.Key != "" || l.Order != "") && l.Value == "" {
		return fmt.Errorf("the look-up of versions in %q names no column with the value", l.Table)
	}
	return nil
}

// Dialect is how a database wants names and conversions written.
type Dialect struct {
	Quote func(name string) string
	Text  string // the type for a text of any length, as in CAST(x AS Text)
}

// Query asks for versions. The statement yields rows of two texts: a name
// within the table and a value, neither of them NULL.
type Query struct {
	Table Table
	SQL   string
}

// atMost bounds the rows that one look-up yields.
const atMost = 50

// Queries applies look-ups to the tables that exist. Where several look-ups
// fit a table, the first serves.
func Queries(lookups []Lookup, tables []Table, d Dialect) []Query {
	var out []Query
	for _, t := range tables {
		for _, l := range lookups {
			if ok, _ := path.Match(strings.ToLower(l.Table), strings.ToLower(t.Name)); !ok {
				continue
			}
			if q := l.statement(t, d); q != "" {
				out = append(out, Query{t, q})
				break
			}
		}
	}
	return out
}

func (l *Lookup) statement(t Table, d Dialect) string {
	from := d.Quote(t.Name)
	if t.Schema != "" {
		from = d.Quote(t.Schema) + "." + from
	}
	text := func(column string) string {
		return "COALESCE(CAST(" + d.Quote(column) + " AS " + d.Text + "), '')"
	}
	column := func(name string) (string, bool) {
		i := slices.IndexFunc(t.Columns, func(c string) bool { return strings.EqualFold(c, name) })
		if i < 0 {
			return "", false
		}
		return t.Columns[i], true
	}
	value, hasValue := column(l.Value)
	switch {
	case l.Order != "":
		order, ok := column(l.Order)
		if !ok || !hasValue {
			return ""
		}
		return fmt.Sprintf("SELECT 'rows', CAST(count(*) AS %s) FROM %s UNION ALL SELECT 'last', v FROM (SELECT %s AS v FROM %s ORDER BY %s DESC LIMIT 1) AS newest",
			d.Text, from, text(value), from, d.Quote(order))
	case l.Key != "":
		key, ok := column(l.Key)
		if !ok || !hasValue {
			return ""
		}
		return fmt.Sprintf("SELECT %s, %s FROM %s WHERE lower(%s) LIKE '%%version%%' ORDER BY 1 LIMIT %d", text(key), text(value), from, d.Quote(key), atMost)
	}
	var selects []string
	for _, c := range t.Columns {
		if strings.Contains(strings.ToLower(c), "version") {
			selects = append(selects, fmt.Sprintf("(SELECT '%s', %s FROM %s LIMIT 1)", strings.ReplaceAll(c, "'", "''"), text(c), from))
		}
	}
	return strings.Join(selects, " UNION ALL ")
}
