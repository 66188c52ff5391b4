package oracle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/listing"
	"ivyvault/sources/scratch"
)

// logName is the log in the captured tree.
const logName = "export.log"

type capture struct {
	s     *session
	job   string
	files []listing.File
	facts sources.Facts
}

var (
	_ sources.Capture   = (*capture)(nil)
	_ sources.Described = (*capture)(nil)
)

func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, c.files)
}

func (c *capture) Facts(context.Context) (sources.Facts, error) { return c.facts, nil }

// Close removes what Data Pump wrote to its directory.
func (c *capture) Close(context.Context) error {
	return errors.Join(c.s.sweep(c.job), c.s.close())
}

// sweep removes the files of a job from the directory.
func (s *session) sweep(job string) error {
	names, err := filepath.Glob(filepath.Join(s.c.Local, job+"*"))
	bad := []error{err}
	for _, n := range names {
		if err := os.Remove(n); err != nil && !errors.Is(err, fs.ErrNotExist) {
			bad = append(bad, fmt.Errorf("a file of Data Pump stays behind, remove it by hand: %w", err))
		}
	}
	return errors.Join(bad...)
}

// Capture exports the schemas. An error leaves nothing behind.
func (p *Part) Capture(ctx context.Context) (sources.Capture, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	c := &capture{s: s, job: p.c.job("EXP")}
	if err := c.take(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the schemas %s of the Oracle database %s: %w", strings.Join(p.c.Schemas, ", "), p.c.Connect, err), c.Close(ctx))
	}
	return c, nil
}

func (c *capture) take(ctx context.Context) error {
	s, f := c.s, &c.facts
	if err := s.sweep(c.job); err != nil { // what a killed run left
		return err
	}
	enterprise, err := s.describe(ctx, f)
	if err != nil {
		return err
	}
	if err := s.room(ctx); err != nil {
		return err
	}
	if err := s.stop(ctx, c.job); err != nil { // that of a killed run
		return err
	}
	when := s.now()
	said, err := s.pump(ctx, "expdp", c.job, s.c.export(c.job, enterprise))
	if err != nil {
		return err
	}
	if f.Counts, err = outcome(said, c.job, false); err != nil {
		return err
	}
	f.Checks = append(f.Checks, sources.Check{Name: "the log of expdp", OK: true, Said: "successfully completed"})
	dumps, err := filepath.Glob(filepath.Join(s.c.Local, c.job+"_*.dmp"))
	if err != nil {
		return err
	}
	if len(dumps) == 0 {
		return fmt.Errorf("the files that Data Pump wrote to the DIRECTORY %s are not seen in %s: 'local:' must be the same folder", s.c.Directory, s.c.Local)
	}
	slices.Sort(dumps)
	for i, d := range dumps {
		r, err := os.Open(d)
		if err != nil {
			return fmt.Errorf("what Data Pump wrote can't be read; this user needs the right to (the group of the database's account): %w", err)
		}
		info, err := r.Stat()
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		c.files = append(c.files, listing.File{Path: fmt.Sprintf("export_%02d.dmp", i+1), Size: info.Size(), MTime: when, Open: func(context.Context) (io.ReadCloser, error) { return os.Open(d) }})
	}
	c.files = append(c.files, listing.Bytes(logName, []byte(said), when))
	return nil
}

// export is the parameter file of an export, without its first line.
func (c *Config) export(job string, enterprise bool) []string {
	out := []string{
		"job_name=" + job,
		"schemas=" + list(c.Schemas),
		"directory=" + quoteIfOdd(c.Directory),
		"dumpfile=" + job + "_%U.dmp",
		"logfile=" + job + ".log",
		"flashback_time=systimestamp",
		"compression=none",
		"exclude=statistics",
		"reuse_dumpfiles=yes",
	}
	if enterprise && c.Parallel > 1 {
		out = append(out, "parallel="+strconv.Itoa(c.Parallel))
	}
	return out
}

// list names schemas for a parameter file.
func list(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, quoteIfOdd(n))
	}
	return strings.Join(out, ",")
}

// quoteIfOdd quotes a name that Oracle would spell otherwise, or not take for
// one, without quotes.
func quoteIfOdd(n string) string {
	for i, r := range n {
		if !(r >= 'A' && r <= 'Z' || r == '_' || i > 0 && (r >= '0' && r <= '9' || r == '$' || r == '#')) {
			return quote(n)
		}
	}
	return n
}

// room looks whether the directory has room for the schemas' segments.
func (s *session) room(ctx context.Context) error {
	rows, err := s.rows(ctx, []string{"NVL(SUM(bytes), 0)"}, "FROM dba_segments WHERE owner IN ("+s.c.owners()+")")
	if err != nil {
		s.env.Log("how large the schemas are can't be asked (" + err.Error() + "): room was not looked at")
		return context.Cause(ctx)
	}
	need, err := strconv.ParseInt(rows[0][0], 10, 64)
	if err != nil {
		return err
	}
	free, err := scratch.Free(s.c.Local)
	if err != nil {
		return err
	}
	if free < need {
		return &scratch.NoRoomError{Where: s.c.Local, Need: need, Free: free}
	}
	return nil
}

func (c *Config) owners() string {
	var out []string
	for _, s := range c.Schemas {
		out = append(out, literal(s))
	}
	return strings.Join(out, ", ")
}
