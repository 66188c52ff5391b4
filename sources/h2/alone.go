package h2

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/h2/link"
)

// wanted is one table that goes back alone.
type wanted struct {
	schema, table string
	there         bool // it exists at the target
	before, after []string
	foreign       []string
}

func (w *wanted) name() string { return tableName(w.schema, w.table) }

func (w *wanted) sql() string { return quote(w.schema) + "." + quote(w.table) }

// selection is what a script holds of the tables that are wanted.
type selection struct {
	list []*wanted
	lobs []string // what makes the help for large values
}

// tables puts back some tables. Those that exist keep their columns, and their
// rows are replaced in one transaction; the others are made.
func (r *returning) tables(ctx context.Context, url string) (done sources.Restored, err error) {
	sel, err := r.selected()
	if err != nil {
		return done, err
	}
	conn, err := open(ctx, r.Part, r.jar, r.dir.Path(), url, r.password)
	if err != nil {
		return done, err
	}
	defer conn.Close()
	target, err := version(conn)
	if err != nil {
		return done, err
	}
	if _, err := r.understood(target, true); err != nil {
		return done, err
	}
	if err := r.fits(conn, &done); err != nil {
		return done, err
	}
	if err := r.free(conn, sel); err != nil {
		return done, err
	}
	r.opt.Say("putting back %s", plural(len(sel.list), "table"))
	if _, err := conn.Script(r.rows(sel)); err != nil {
		conn.Abort()
		return done, errors.Join(fmt.Errorf("%w; tables that existed hold what they held", err), r.settle(ctx, url, sel))
	}
	finished, err := r.finished(conn, sel)
	finished.Notes = append(done.Notes, finished.Notes...)
	return finished, err
}

// selected reads the script for what makes the tables that are wanted.
func (r *returning) selected() (*selection, error) {
	f, err := r.from.Open(scriptName)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sel := &selection{}
	var sequences []string
	for stmt, err := range statements(f) {
		if err != nil {
			return nil, err
		}
		k, schema, table := about(stmt)
		switch k {
		case lobs:
			if !strings.HasPrefix(stmt, "INSERT") && !strings.HasPrefix(stmt, "DROP") && !strings.HasPrefix(stmt, "CALL") {
				sel.lobs = append(sel.lobs, stmt)
			}
		case sequence:
			sequences = append(sequences, stmt)
		case create:
			if r.asked(schema, table) {
				w := &wanted{schema: schema, table: table}
				for _, s := range sequences {
					if _, name, ok := strings.Cut(s, `"."SYSTEM_SEQUENCE`); ok && strings.Contains(stmt, "SYSTEM_SEQUENCE"+name[:strings.IndexByte(name+`"`, '"')]) {
						w.before = append(w.before, s)
					}
				}
				w.before = append(w.before, stmt)
				sel.list = append(sel.list, w)
			}
		case constraint, index, foreign:
			if w := sel.find(schema, table); w != nil {
				switch k {
				case constraint:
					w.before = append(w.before, stmt)
				case index:
					w.after = append(w.after, stmt)
				default:
					w.foreign = append(w.foreign, stmt)
				}
			}
		}
	}
	for _, name := range r.opt.Only {
		if !slices.ContainsFunc(sel.list, func(w *wanted) bool { return names(name, w.schema, w.table) }) {
			return nil, fmt.Errorf("no table %s was captured", name)
		}
	}
	return sel, nil
}

func (s *selection) find(schema, table string) *wanted {
	for _, w := range s.list {
		if w.schema == schema && w.table == table {
			return w
		}
	}
	return nil
}

func (r *returning) asked(schema, table string) bool {
	return slices.ContainsFunc(r.opt.Only, func(name string) bool { return names(name, schema, table) })
}

// names tells whether a name as users write it means a table. Without a schema
// it is that of PUBLIC.
func names(name, schema, table string) bool {
	return name == tableName(schema, table) || schema == "PUBLIC" && (name == table || name == plain(table))
}

// free makes sure that no rows would be lost unasked.
func (r *returning) free(conn *link.Conn, sel *selection) error {
	counts, err := counted(conn)
	if err != nil {
		return err
	}
	for _, w := range sel.list {
		rows, there := counts[w.name()]
		if w.there = there; rows > 0 && !r.opt.Replace {
			return &sources.OccupiedError{Where: "the table " + w.name() + " of " + r.at.where(), What: plural(int(rows), "row")}
		}
	}
	return nil
}

// rows yields the statements that fill the tables, up to the COMMIT. What makes
// tables comes before the transaction, since H2 ends one with it.
func (r *returning) rows(sel *selection) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		head := slices.Clone(sel.lobs)
		var deletes []string
		for _, w := range sel.list {
			if w.there {
				// References go in circles and to rows that come later; they are
				// checked when all is there.
				head = append(head, "ALTER TABLE "+w.sql()+" SET REFERENTIAL_INTEGRITY FALSE")
				deletes = append(deletes, "DELETE FROM "+w.sql())
			} else {
				head = append(head, "CREATE SCHEMA IF NOT EXISTS "+quote(w.schema))
				head = append(head, w.before...)
			}
		}
		for _, s := range slices.Concat(head, []string{"SET AUTOCOMMIT FALSE"}, deletes) {
			if !yield(s, nil) {
				return
			}
		}
		f, err := r.from.Open(scriptName)
		if err != nil {
			yield("", err)
			return
		}
		defer f.Close()
		mine := false // the statements are about a table that is wanted
		for s, err := range statements(f) {
			if err != nil {
				yield("", err)
				return
			}
			k, schema, table := about(s)
			if k == create {
				mine = r.asked(schema, table)
			}
			if mine && (k == insert || k == lobs && strings.HasPrefix(s, "INSERT")) && !yield(s, nil) {
				return
			}
		}
		for _, s := range []string{"COMMIT", "SET AUTOCOMMIT TRUE"} {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// finished makes indexes and references, takes the help away and counts.
func (r *returning) finished(conn *link.Conn, sel *selection) (done sources.Restored, err error) {
	for _, w := range sel.list {
		if w.there {
			note, err := checked(conn, w)
			if err != nil {
				return done, err
			}
			done.Notes = append(done.Notes, note...)
			continue
		}
		for _, s := range w.after {
			if _, err := conn.Exec(s); err != nil {
				return done, err
			}
		}
	}
	for _, w := range sel.list {
		for _, s := range w.foreign {
			if w.there {
				continue
			}
			if _, err := conn.Exec(s); err != nil {
				done.Notes = append(done.Notes, fmt.Sprintf("a reference of %s to another table was not made: %v", w.name(), err))
			}
		}
	}
	if err := tidy(conn, sel); err != nil {
		return done, err
	}
	all, err := counted(conn)
	if err != nil {
		return done, err
	}
	done.Counts = map[string]int64{}
	for _, w := range sel.list {
		done.Counts[w.name()] = all[w.name()]
		if want, known := r.opt.Facts.Counts[w.name()]; known && want != all[w.name()] {
			return done, fmt.Errorf("%s holds %d rows now, %d were captured", w.name(), all[w.name()], want)
		}
	}
	return done, nil
}

// checked turns the checks of references on again.
func checked(conn *link.Conn, w *wanted) ([]string, error) {
	_, err := conn.Exec("ALTER TABLE " + w.sql() + " SET REFERENTIAL_INTEGRITY TRUE CHECK")
	var e *link.Error
	if !errors.As(err, &e) {
		return nil, err
	}
	_, on := conn.Exec("ALTER TABLE " + w.sql() + " SET REFERENTIAL_INTEGRITY TRUE")
	return []string{fmt.Sprintf("rows of %s, or rows that refer to it, refer to rows that are not there: %s", w.name(), e.Message)}, on
}

// tidy removes what large values needed.
func tidy(conn *link.Conn, sel *selection) error {
	if len(sel.lobs) == 0 {
		return nil
	}
	for _, s := range []string{"DROP TABLE IF EXISTS SYSTEM_LOB_STREAM", "DROP ALIAS IF EXISTS SYSTEM_COMBINE_CLOB", "DROP ALIAS IF EXISTS SYSTEM_COMBINE_BLOB"} {
		if _, err := conn.Exec(s); err != nil {
			return err
		}
	}
	return nil
}

// settle undoes, after a failure, what a transaction does not undo.
func (r *returning) settle(ctx context.Context, url string, sel *selection) error {
	conn, err := open(context.WithoutCancel(ctx), r.Part, r.jar, r.dir.Path(), url, r.password)
	if err != nil {
		return fmt.Errorf("what was begun can't be undone: tables that did not exist may be there, empty: %w", err)
	}
	defer conn.Close()
	var bad []error
	for _, w := range slices.Backward(sel.list) {
		if w.there {
			_, err = conn.Exec("ALTER TABLE " + w.sql() + " SET REFERENTIAL_INTEGRITY TRUE")
		} else {
			_, err = conn.Exec("DROP TABLE IF EXISTS " + w.sql())
		}
		bad = append(bad, err)
	}
	return errors.Join(append(bad, tidy(conn, sel))...)
}
