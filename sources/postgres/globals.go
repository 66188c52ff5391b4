package postgres

import (
	"context"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// globals dumps roles, their memberships and settings, and tablespaces.
func (c *capture) globals(ctx context.Context, tx pgx.Tx, tools *programs, env []string) error {
	p := c.part
	if p.cfg.Globals == globalsNone {
		c.notes = append(c.notes, "roles were not captured: the configuration says globals: none")
		return nil
	}
	argv := []string{tools.path("pg_dumpall"), "--globals-only", "--no-sync", "--no-password", "--file=" + filepath.Join(c.dir.Path(), globalsName), "--database=" + p.conninfo(p.cfg.Database)}
	passwords := p.cfg.Globals == globalsAuto
	if passwords {
		if err := tx.QueryRow(ctx, `SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')`).Scan(&passwords); err != nil {
			return err
		}
	}
	if !passwords {
		argv = append(argv, "--no-role-passwords")
		why := "the user may not read them (only a superuser may)"
		if p.cfg.Globals == globalsNoPasswords {
			why = "the configuration says globals: no-passwords"
		}
		c.notes = append(c.notes, "roles were captured without their passwords, for "+why+": after a restore they have to be set")
	}
	return p.program(env, argv...).Run(ctx)
}
