package mysql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ivyvault/sources/tables"
	"ivyvault/sources/tool"
)

// lookUp reads the versions of schemas that stand in the tables of a database.
// With refused, it is told the tables that the user may not read; otherwise
// these are errors.
func (s *session) lookUp(ctx context.Context, d *description, refused func(name string)) (map[string]string, error) {
	var known []tables.Table
	for _, t := range d.Tables {
		known = append(known, tables.Table{Schema: d.Name, Name: t.Name, Columns: t.columns})
	}
	found := map[string]string{}
	lookups := append(append([]tables.Lookup(nil), s.part.cfg.Versions...), tables.Defaults()...)
	for _, q := range tables.Queries(lookups, known, tables.Dialect{Quote: quote, Text: "CHAR"}) {
		name := tables.FileName(q.Table.Name)
		rows, err := s.query(ctx, q.SQL)
		switch {
		case err == nil:
		case refused != nil && forbidden(err):
			refused(name)
			continue
		default:
			return nil, fmt.Errorf("the version of the schema in %s can't be read: %w", name, err)
		}
		for _, r := range rows {
			if len(r) == 2 {
				found[name+" "+r[0]] = r[1]
			}
		}
	}
	return found, nil
}

// forbidden tells whether the server refused to show a table or a column.
func forbidden(err error) bool {
	var e *tool.Error
	return errors.As(err, &e) && (strings.Contains(e.Said, "ERROR 1142 ") || strings.Contains(e.Said, "ERROR 1143 "))
}

// fits refuses single tables where the schema at the target, which exists, has
// another version.
func (r *restore) fits(ctx context.Context) error {
	if len(r.opt.Facts.Schema) == 0 {
		return nil
	}
	d, err := r.s.readCatalog(ctx, r.part.cfg.Database)
	if err != nil {
		return err
	}
	there, err := r.s.lookUp(ctx, d, func(name string) {
		r.done.Notes = append(r.done.Notes, fmt.Sprintf("the user may not read %s at the target, so the version that it holds was not compared with the captured one", name))
	})
	if err != nil {
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	return tables.Agree(r.opt.Facts.Schema, there)
}
