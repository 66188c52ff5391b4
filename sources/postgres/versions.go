package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ivyvault/sources/tables"
)

// querier is a connection, or a transaction of one.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// readTables lists the tables, as the catalog has them now.
func readTables(ctx context.Context, q querier) ([]table, error) {
	rows, err := q.Query(ctx, tablesQuery)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (t table, err error) {
		return t, r.Scan(&t.OID, &t.Schema, &t.Name, &t.Partitioned, &t.PartitionOf, &t.Extension, &t.Owner, &t.Grantees, &t.ForeignKeys, &t.Rules, &t.Size, &t.columns)
	})
}

// lookUp reads the versions of schemas that stand in tables. With refused, it
// is told the tables that the user may not read; otherwise these are errors.
func (p *Part) lookUp(ctx context.Context, q querier, list []table, refused func(name string)) (map[string]string, error) {
	var known []tables.Table
	for _, t := range list {
		known = append(known, tables.Table{Schema: t.Schema, Name: t.Name, Columns: t.columns})
	}
	found := map[string]string{}
	lookups := append(append([]tables.Lookup(nil), p.cfg.Versions...), tables.Defaults()...)
	for _, query := range tables.Queries(lookups, known, tables.Dialect{Quote: quote, Text: "text"}) {
		name := tables.FileName(query.Table.Schema, query.Table.Name)
		rows, err := q.Query(ctx, query.SQL)
		if err == nil {
			var key, value string
			_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
				found[name+" "+key] = value
				return nil
			})
		}
		var e *pgconn.PgError
		switch {
		case err == nil:
		case refused != nil && errors.As(err, &e) && e.Code == "42501": // insufficient_privilege
			refused(name)
		default:
			return nil, fmt.Errorf("the version of the schema in %s can't be read: %w", name, err)
		}
	}
	return found, nil
}

// fits refuses single tables where the schema at the target has another version.
func (r *restore) fits(ctx context.Context, conn *pgx.Conn) error {
	if len(r.opt.Facts.Schema) == 0 {
		return nil
	}
	list, err := readTables(ctx, conn)
	if err != nil {
		return err
	}
	there, err := r.part.lookUp(ctx, conn, list, func(name string) {
		r.note("the user may not read %s at the target, so the version that it holds was not compared with the captured one", name)
	})
	if err != nil {
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	return tables.Agree(r.opt.Facts.Schema, there)
}
