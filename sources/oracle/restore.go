package oracle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"ivyvault/sources"
	"ivyvault/sources/scratch"
)

// Restore imports the schemas, or some tables, which are named SCHEMA.TABLE as
// the counts in the facts name them. What is there is replaced table by table
// where opt.Replace is set; tables that were not captured stay.
func (p *Part) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (done sources.Restored, err error) {
	s, err := p.session(ctx)
	if err != nil {
		return done, err
	}
	job := p.c.job("IMP")
	done, err = s.restore(ctx, from, opt, job)
	if err != nil {
		err = fmt.Errorf("the Oracle database %s: %w", p.c.Connect, err)
	}
	return done, errors.Join(err, s.sweep(job), s.close())
}

func (s *session) restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions, job string) (done sources.Restored, err error) {
	version, banner, err := s.version(ctx)
	if err != nil {
		return done, err
	}
	if newer(opt.Facts.Version, version) {
		return done, fmt.Errorf("it was exported from Oracle %s and this is Oracle %s: an older database can't import what a newer one exported", opt.Facts.Version, version)
	}
	tables, err := s.tables(opt)
	if err != nil {
		return done, err
	}
	if err := s.occupied(ctx, opt, tables); err != nil {
		return done, err
	}
	if err := errors.Join(s.sweep(job), s.stop(ctx, job)); err != nil {
		return done, err
	}
	dumps, err := s.place(ctx, from, job)
	if err != nil {
		return done, err
	}
	par := s.c.importing(job, dumps, tables, opt.Replace, strings.Contains(banner, "Enterprise Edition"))
	opt.Say("importing from %d files", len(dumps))
	said, err := s.pump(ctx, "impdp", job, par)
	if err != nil {
		return done, fmt.Errorf("tables that were imported before it are there: %w", err)
	}
	if done.Counts, err = outcome(said, job, len(tables) == 0); err != nil {
		return done, fmt.Errorf("the import failed in part; tables that were imported before are there: %w", err)
	}
	for name, want := range opt.Facts.Counts {
		schema, table, _ := strings.Cut(name, ".")
		if len(tables) > 0 && !slices.Contains(tables, [2]string{schema, table}) {
			continue
		}
		if got, ok := done.Counts[s.c.mapped(schema)+"."+table]; !ok || got != want {
			return done, fmt.Errorf("the import says %d rows of %s, %d were exported", got, name, want)
		}
	}
	return done, nil
}

// tables splits the names that are wanted.
func (s *session) tables(opt sources.RestoreOptions) (out [][2]string, err error) {
	for _, name := range opt.Only {
		schema, table, ok := strings.Cut(name, ".")
		if !ok && len(s.c.Schemas) == 1 {
			schema, table = s.c.Schemas[0], name
		}
		if _, known := opt.Facts.Counts[schema+"."+table]; !known && len(opt.Facts.Counts) > 0 || table == "" {
			return nil, fmt.Errorf("no table %s was captured: tables are named SCHEMA.TABLE", name)
		}
		if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '"' }) {
			return nil, fmt.Errorf("%q can't be the name of a table", name)
		}
		out = append(out, [2]string{schema, table})
	}
	return out, nil
}

// occupied makes sure that nothing lives where things go.
func (s *session) occupied(ctx context.Context, opt sources.RestoreOptions, tables [][2]string) error {
	if opt.Replace {
		return nil
	}
	var where []string
	for _, t := range tables {
		where = append(where, "owner = "+literal(s.c.mapped(t[0]))+" AND table_name = "+literal(t[1]))
	}
	for _, schema := range s.c.Schemas {
		if len(tables) == 0 {
			where = append(where, "owner = "+literal(s.c.mapped(schema)))
		}
	}
	rows, err := s.rows(ctx, []string{"owner", "table_name"}, "FROM all_tables WHERE "+strings.Join(where, " OR ")+" ORDER BY owner, table_name")
	if err != nil || len(rows) == 0 {
		return err
	}
	return &sources.OccupiedError{Where: "the Oracle database " + s.c.Connect, What: fmt.Sprintf("%d tables, such as %s.%s", len(rows), rows[0][0], rows[0][1])}
}

// place writes the dump files into the directory, readable for the database.
func (s *session) place(ctx context.Context, from fs.FS, job string) (names []string, err error) {
	dumps, err := fs.Glob(from, "export_*.dmp")
	if err != nil || len(dumps) == 0 {
		return nil, errors.Join(err, errors.New("what was captured holds no dump files"))
	}
	folder, err := os.Stat(s.c.Local)
	if err != nil {
		return nil, err
	}
	for i, d := range dumps {
		name := fmt.Sprintf("%s_%02d.dmp", job, i+1)
		if err := s.put(ctx, from, d, filepath.Join(s.c.Local, name), folder); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func (s *session) put(ctx context.Context, from fs.FS, name, to string, folder os.FileInfo) error {
	r, err := from.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	free, err := scratch.Free(s.c.Local)
	if err != nil {
		return err
	}
	if free < info.Size() {
		return &scratch.NoRoomError{Where: s.c.Local, Need: info.Size(), Free: free}
	}
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, untilEnded{ctx, r})
	if st, ok := folder.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		err = errors.Join(err, w.Chown(int(st.Uid), int(st.Gid)))
	}
	return errors.Join(err, w.Sync(), w.Close())
}

// untilEnded reads until the context ends.
type untilEnded struct {
	ctx context.Context
	r   io.Reader
}

func (u untilEnded) Read(p []byte) (int, error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// importing is the parameter file of an import, without its first line.
func (c *Config) importing(job string, dumps []string, tables [][2]string, replace, enterprise bool) []string {
	action := "skip" // nothing is there: that was looked at
	if replace {
		action = "replace"
	}
	out := []string{
		"job_name=" + job,
		"directory=" + quoteIfOdd(c.Directory),
		"dumpfile=" + strings.Join(dumps, ","),
		"logfile=" + job + ".log",
		"table_exists_action=" + action,
		"transform=oid:n",
	}
	if len(tables) > 0 {
		var names []string
		for _, t := range tables {
			names = append(names, quoteIfOdd(t[0])+"."+quoteIfOdd(t[1]))
		}
		out = append(out, "tables="+strings.Join(names, ","))
	} else {
		out = append(out, "schemas="+list(c.Schemas))
	}
	for _, from := range slices.Sorted(maps.Keys(c.RemapSchema)) {
		out = append(out, "remap_schema="+quoteIfOdd(from)+":"+quoteIfOdd(c.RemapSchema[from]))
	}
	for _, from := range slices.Sorted(maps.Keys(c.RemapTablespace)) {
		out = append(out, "remap_tablespace="+quoteIfOdd(from)+":"+quoteIfOdd(c.RemapTablespace[from]))
	}
	if enterprise && c.Parallel > 1 {
		out = append(out, "parallel="+strconv.Itoa(c.Parallel))
	}
	return out
}

// newer tells whether a version's first two numbers are above another's.
// Versions that can't be read are not compared.
func newer(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range 2 {
		if i >= len(x) || i >= len(y) {
			return false
		}
		m, err := strconv.Atoi(x[i])
		n, err2 := strconv.Atoi(y[i])
		if err != nil || err2 != nil {
			return false
		}
		if m != n {
			return m > n
		}
	}
	return false
}
