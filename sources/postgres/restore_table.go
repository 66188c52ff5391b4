package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"ivyvault/sources"
	"ivyvault/sources/tool"
)

// lookAt looks whether the tables exist at the target, and fit what is there.
func (r *restore) lookAt(ctx context.Context, conn *pgx.Conn, picked []*table) error {
	if err := r.fits(ctx, conn); err != nil {
		return err
	}
	var there []string
	for _, t := range picked {
		var exists bool
		if err := conn.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, t.sql()).Scan(&exists); err != nil {
			return err
		}
		if exists {
			there = append(there, t.key())
		}
	}
	if len(there) > 0 && !r.opt.Replace {
		return &sources.OccupiedError{Where: r.part.cfg.where(), What: "it has " + strings.Join(there, ", ")}
	}
	return nil
}

// tables restores some tables with all that belongs to them. The tables and
// their rows go in or out as a whole; what refers to other tables follows, and
// where the target can't have it that is a note.
func (r *restore) tables(ctx context.Context, target found, picked []*table) error {
	name := r.part.cfg.Database
	contents, err := r.tools.contents(ctx, r.part, r.archive())
	if err != nil {
		return err
	}
	if !target.exists {
		r.opt.Say("creating the database %s", name)
		if err := r.desc.Database.create(ctx, r.admin, name, r.major, false); err != nil {
			return err
		}
		r.note("the database %q did not exist and was created, without the rights and settings of the captured one", name)
	}
	conn, err := r.part.connect(ctx, name)
	if err != nil {
		return err
	}
	defer leave(ctx, conn)
	roles, err := r.roles(ctx, picked)
	if err != nil {
		return err
	}
	for _, t := range picked {
		if _, err := conn.PgConn().Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+quote(t.Schema)).ReadAll(); err != nil {
			return err
		}
	}
	s := selectItems(contents, picked)
	// Most of what tables need is there already; what is missing after this
	// makes the next step fail, and say what.
	for _, it := range s.before {
		_ = r.quietly(ctx, name, it)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	args := []string{"--single-transaction"}
	if r.opt.Replace {
		args = append(args, "--clean", "--if-exists")
	}
	if !roles {
		args = append(args, "--no-owner", "--no-privileges")
	}
	r.opt.Say("restoring %d tables into the database %s", len(picked), name)
	if err := r.restoreList(ctx, name, append(s.own, s.rights...), args...); err != nil {
		return fmt.Errorf("%w. The tables at the target are as they were", err)
	}
	for _, it := range s.after {
		if err := r.quietly(ctx, name, it); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.note("left out, because the target can't have it: %s: %s", shown(it), reason(err))
		}
	}
	return r.compare(ctx, name, picked)
}

// roles tells whether all roles that the tables belong to or are granted to
// exist at the target; where not, the tables belong to the user that connects.
func (r *restore) roles(ctx context.Context, picked []*table) (bool, error) {
	all := true
	for _, t := range picked {
		for _, role := range append([]string{t.Owner}, t.Grantees...) {
			var can bool
			if err := r.admin.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)`, role).Scan(&can); err != nil {
				return false, err
			}
			if can && role == t.Owner && !r.super {
				if err := r.admin.QueryRow(ctx, `SELECT pg_has_role($1, 'MEMBER')`, role).Scan(&can); err != nil {
					return false, err
				}
			}
			if !can {
				all = false
				r.note("the role %q isn't there for us to use: the table %s belongs to the user that restored it, and privileges were left out", role, t.key())
				break
			}
		}
	}
	return all, nil
}

// restoreList restores the listed items only.
func (r *restore) restoreList(ctx context.Context, database string, items []*item, args ...string) error {
	var b strings.Builder
	for _, it := range items {
		b.WriteString(it.line + "\n")
	}
	list := filepath.Join(r.dir.Path(), "list")
	if err := os.WriteFile(list, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return r.pgRestore(ctx, database, append(args, "--exit-on-error", "--use-list="+list)...)
}

// quietly restores one item, which may fail.
func (r *restore) quietly(ctx context.Context, database string, it *item) error {
	return r.restoreList(ctx, database, []*item{it})
}

// shown is an item as the table of contents lists it, without numbers.
func shown(it *item) string {
	m := itemLine.FindStringSubmatch(it.line)
	return strings.TrimSpace(m[4])
}

// reason is what the server said, out of all that pg_restore says.
func reason(err error) string {
	var e *tool.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	if _, said, ok := strings.Cut(e.Said, "ERROR: "); ok {
		said, _, _ = strings.Cut(said, " / ")
		return strings.TrimSpace(said)
	}
	return e.Said
}
