package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"ivyvault/sources"
	"ivyvault/sources/scratch"
)

// Restore puts the database back, or the tables that Only names, into the
// configured database, which is created where it doesn't exist.
//
// A whole database that is to be replaced is first restored beside the one
// that lives and then takes its name, so that a failure leaves the old one.
func (p *Part) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	r := &restore{part: p, from: from, opt: opt}
	err := r.run(ctx)
	if err != nil {
		var occupied *sources.OccupiedError
		if !errors.As(err, &occupied) {
			err = p.masked(fmt.Errorf("restore into %s: %w", p.cfg.where(), err))
		}
	}
	return r.done, err
}

type restore struct {
	part  *Part
	from  fs.FS
	opt   sources.RestoreOptions
	done  sources.Restored
	desc  *description
	tools *programs
	admin *pgx.Conn // to the maintenance database
	major int       // of the target's server
	super bool      // we are superuser there
	dir   *scratch.Dir
	env   []string
}

func (r *restore) note(format string, args ...any) {
	r.done.Notes = append(r.done.Notes, fmt.Sprintf(format, args...))
}

func (r *restore) run(ctx context.Context) (err error) {
	if r.desc, err = readDescription(r.from); err != nil {
		return err
	}
	var picked []*table
	if len(r.opt.Only) > 0 {
		if picked, err = r.desc.pick(r.opt.Only); err != nil {
			return err
		}
		picked = r.desc.withPartitions(picked)
	}
	if r.admin, err = r.part.connect(ctx, r.part.cfg.Maintenance); err != nil {
		return err
	}
	defer leave(ctx, r.admin)
	if err := r.versions(ctx); err != nil {
		return err
	}
	places, err := r.desc.places(r.from, picked)
	if err != nil {
		return err
	}
	need, err := room(r.from, places)
	if err != nil {
		return err
	}
	// What lives at the target is looked at before anything is written.
	target, err := r.look(ctx, picked)
	if err != nil {
		return err
	}
	if r.dir, err = scratch.New(r.part.env.Scratch, need); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.dir.Close()) }()
	if r.env, err = r.part.passFile(ctx, r.dir.Path()); err != nil {
		return err
	}
	r.opt.Say("laying out %d files for pg_restore", len(places))
	if err := r.layOut(ctx, places); err != nil {
		return err
	}
	if picked != nil {
		return r.tables(ctx, target, picked)
	}
	return r.whole(ctx, target)
}

// versions checks what can restore what.
func (r *restore) versions(ctx context.Context) error {
	var num int
	if err := r.admin.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)`).Scan(&num, &r.super); err != nil {
		return err
	}
	r.major = num / 10000
	if r.major < r.desc.ServerMajor {
		return &OlderServerError{r.major, r.desc.ServerMajor}
	}
	var err error
	r.tools, err = r.part.find(ctx, max(r.desc.ToolMajor, r.major), fmt.Sprintf("a restore of a dump by %s into a server of version %d", r.desc.Tool, r.major))
	return err
}

// OlderServerError says that a server is older than the one that was captured.
type OlderServerError struct{ Have, Need int }

func (e *OlderServerError) Error() string {
	return fmt.Sprintf("the server is of version %d, and the capture is of version %d: PostgreSQL doesn't restore to an older version; name a server of version %d or newer. Nothing was changed", e.Have, e.Need, e.Need)
}

// found is what lives at the target.
type found struct{ exists, empty bool }

// look looks at the target database. It is an *sources.OccupiedError where
// something lives that would be touched and may not be.
func (r *restore) look(ctx context.Context, picked []*table) (found, error) {
	name := r.part.cfg.Database
	var f found
	if err := r.admin.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&f.exists); err != nil || !f.exists {
		return f, err
	}
	conn, err := r.part.connect(ctx, name)
	if err != nil {
		return f, err
	}
	defer leave(ctx, conn)
	if picked != nil {
		return f, r.lookAt(ctx, conn, picked)
	}
	var tables, others int64
	if err := conn.QueryRow(ctx, `
SELECT count(*) FILTER (WHERE c.relkind IN ('r', 'p', 'f')), count(*) FILTER (WHERE c.relkind NOT IN ('r', 'p', 'f')) + (SELECT count(*) FROM pg_largeobject_metadata)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE `+own+` AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`).Scan(&tables, &others); err != nil {
		return f, err
	}
	f.empty = tables+others == 0
	if !f.empty && !r.opt.Replace {
		return f, &sources.OccupiedError{Where: r.part.cfg.where(), What: fmt.Sprintf("%d tables, %d other objects", tables, others)}
	}
	var encoding string
	if err := conn.QueryRow(ctx, `SELECT pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = current_database()`).Scan(&encoding); err != nil {
		return f, err
	}
	if f.empty && !r.opt.Replace && encoding != r.desc.Database.Encoding {
		return f, fmt.Errorf("the target has the encoding %s, and the capture %s: drop the empty database, so that it is made anew, or name another. Nothing was changed", encoding, r.desc.Database.Encoding)
	}
	return f, nil
}

func (r *restore) archive() string { return filepath.Join(r.dir.Path(), "archive") }

// pgRestore runs pg_restore on the archive.
func (r *restore) pgRestore(ctx context.Context, database string, args ...string) error {
	argv := append([]string{r.tools.path("pg_restore"), "--no-password", "--dbname=" + r.part.conninfo(database)}, args...)
	if r.part.cfg.NoOwner {
		argv = append(argv, "--no-owner", "--no-privileges")
	}
	return r.part.program(r.env, append(argv, r.archive())...).Run(ctx)
}

// compare counts what is in the database now and compares it with what was
// captured. Tables nil is all of them.
func (r *restore) compare(ctx context.Context, database string, picked []*table) error {
	r.opt.Say("counting")
	conn, err := r.part.connect(ctx, database)
	if err != nil {
		return err
	}
	defer leave(ctx, conn)
	counts := map[string]int64{}
	if picked == nil {
		for i := range r.desc.Tables {
			picked = append(picked, &r.desc.Tables[i])
		}
		var n int64
		if err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_largeobject_metadata`).Scan(&n); err != nil {
			return err
		}
		counts[objectsKey] = n
	}
	for _, t := range picked {
		if t.File == "" {
			continue
		}
		var n int64
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM ONLY "+t.sql()).Scan(&n); err != nil {
			return fmt.Errorf("the rows of %s can't be counted: %w", t.key(), err)
		}
		counts[t.key()] = n
	}
	r.done.Counts = counts
	return differ(counts, r.opt.Facts.Counts)
}

// CountError says that what is in the target isn't as many as what was captured.
type CountError struct {
	What       string
	Have, Want int64
}

func (e *CountError) Error() string {
	return "after the restore " + e.What + " holds " + strconv.FormatInt(e.Have, 10) + " rows, and the capture held " + strconv.FormatInt(e.Want, 10) +
		": something writes to the target, or the restore is not whole"
}

func differ(have, want map[string]int64) error {
	for _, k := range slices.Sorted(maps.Keys(have)) {
		if n, ok := want[k]; ok && n != have[k] {
			return &CountError{k, have[k], n}
		}
	}
	return nil
}
