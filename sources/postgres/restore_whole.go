package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

func (r *restore) layOut(ctx context.Context, places []place) error {
	if err := os.Mkdir(r.archive(), 0o700); err != nil {
		return err
	}
	return layOut(ctx, r.from, places, r.archive())
}

// whole restores roles, the database and all in it.
func (r *restore) whole(ctx context.Context, target found) error {
	name := r.part.cfg.Database
	if r.part.cfg.Globals != globalsNone {
		r.opt.Say("restoring roles")
		notes, err := restoreGlobals(ctx, r.admin, r.from)
		r.done.Notes = append(r.done.Notes, notes...)
		if err != nil {
			return err
		}
	}
	owner, err := r.owners(ctx)
	if err != nil {
		return err
	}
	if target.exists && target.empty && !r.opt.Replace {
		if err := r.fill(ctx, name); err != nil {
			return fmt.Errorf("%w. The database %q, which was empty, now holds a part of what was to be restored: restore again with --replace", err, name)
		}
		return r.properties(ctx, name)
	}
	into := name
	if target.exists {
		into = beside(name)
	}
	r.opt.Say("creating the database %s", into)
	if err := r.desc.Database.create(ctx, r.admin, into, r.major, owner); err != nil {
		return err
	}
	err = r.fill(ctx, into)
	if err == nil && target.exists {
		r.opt.Say("putting it in the place of the database %s", name)
		err = r.drop(ctx, name)
	}
	if err != nil {
		return r.undo(ctx, into, target.exists, err)
	}
	if target.exists {
		// From here on the restored database is the only one: it is never dropped.
		if err := r.rename(ctx, into, name); err != nil {
			return err
		}
	}
	return r.properties(ctx, name)
}

// undo drops what was begun.
func (r *restore) undo(ctx context.Context, into string, replacing bool, err error) error {
	ctx = context.WithoutCancel(ctx)
	if dropped := r.drop(ctx, into); dropped != nil {
		return errors.Join(err, fmt.Errorf("the database %q, which was begun, is left: %w", into, dropped))
	}
	if replacing {
		return fmt.Errorf("%w. What was begun was removed, and the database %q is as it was", err, r.part.cfg.Database)
	}
	return fmt.Errorf("%w. The database that was begun was removed", err)
}

// fill runs pg_restore and compares.
func (r *restore) fill(ctx context.Context, into string) error {
	r.opt.Say("restoring into the database %s", into)
	if err := r.pgRestore(ctx, into, "--exit-on-error", "--jobs="+strconv.Itoa(r.part.cfg.Jobs)); err != nil {
		return err
	}
	return r.compare(ctx, into, nil)
}

// properties gives the database its rights and settings, last, so that a
// setting or a limit doesn't disturb the restore.
func (r *restore) properties(ctx context.Context, name string) error {
	if r.part.cfg.NoOwner {
		r.note("owners, privileges and settings of the database were left out: the configuration says no-owner")
		return nil
	}
	notes, err := r.desc.Database.finish(ctx, r.admin, name)
	r.done.Notes = append(r.done.Notes, notes...)
	return err
}

// owners checks that we may give things to the roles that own them. It reports
// whether the database's owner can be set.
func (r *restore) owners(ctx context.Context) (bool, error) {
	if r.part.cfg.NoOwner {
		return false, nil
	}
	wanted := map[string]bool{r.desc.Database.Owner: true}
	for _, t := range r.desc.Tables {
		if !t.Extension {
			wanted[t.Owner] = true
		}
	}
	var missing []string
	for role := range wanted {
		var can bool
		if err := r.admin.QueryRow(ctx, `SELECT COALESCE((SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = $1), false)`, role).Scan(&can); err != nil {
			return false, err
		}
		if !can {
			missing = append(missing, role)
		}
	}
	if len(missing) > 0 {
		return false, fmt.Errorf("the user %q can't give objects to their owners %s, for they don't exist or it is no member of them: connect as a superuser, create the roles, or set no-owner. No database was changed", r.part.cfg.User, strings.Join(missing, ", "))
	}
	return true, nil
}

// beside is a name for a database that is to take another's place, at most 63
// bytes long.
func beside(name string) string {
	if len(name) > 40 {
		name = strings.ToValidUTF8(name[:40], "")
	}
	return name + "_ivyvault_" + strings.ToLower(rand.Text()[:8])
}

// rename gives the restored database its name.
func (r *restore) rename(ctx context.Context, from, to string) error {
	s := "ALTER DATABASE " + quote(from) + " RENAME TO " + quote(to)
	if _, err := r.admin.PgConn().Exec(context.WithoutCancel(ctx), s).ReadAll(); err != nil {
		return fmt.Errorf("the old database was dropped, and the restored one, which is whole, still has the name %q: run %s; on %s. %w", from, s, r.part.cfg.Maintenance, err)
	}
	return nil
}

// drop drops a database, and ends the sessions in it.
func (r *restore) drop(ctx context.Context, name string) error {
	conn := r.admin
	if conn.IsClosed() {
		fresh, err := r.part.connect(ctx, r.part.cfg.Maintenance)
		if err != nil {
			return err
		}
		defer fresh.Close(ctx)
		conn = fresh
	}
	s := "DROP DATABASE IF EXISTS " + quote(name)
	if r.major >= 13 {
		s += " WITH (FORCE)"
	} else if _, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, name); err != nil {
		return err
	}
	_, err := conn.PgConn().Exec(ctx, s).ReadAll()
	return err
}
