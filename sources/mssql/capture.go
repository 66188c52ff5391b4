package mssql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/listing"
	"ivyvault/sources/scratch"
)

// Names in the captured tree.
const (
	bakName    = "database.bak"
	loginsName = "logins.sql"
)

type capture struct {
	s     *session
	files []listing.File
	facts sources.Facts
	bak   string // name in the exchange; "" where there is none
}

var (
	_ sources.Capture   = (*capture)(nil)
	_ sources.Described = (*capture)(nil)
)

func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, c.files)
}

func (c *capture) Facts(context.Context) (sources.Facts, error) { return c.facts, nil }

// Close removes the backup from the server's folder.
func (c *capture) Close(ctx context.Context) error {
	return errors.Join(c.s.remove(ctx, c.bak), c.s.close())
}

// remove removes a file from the exchange: from here, or where that is not
// allowed, by the server.
func (s *session) remove(ctx context.Context, file string) error {
	if file == "" {
		return nil
	}
	err := os.Remove(filepath.Join(s.c.Exchange.Local, file))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, asked := s.run(ctx, "EXEC master.sys.xp_delete_files "+literal(s.c.there(file))+";\n"); asked == nil {
		return nil
	}
	return fmt.Errorf("the backup file stays on the server, remove it by hand: %w", err)
}

// Capture lets the server write its backup, verifies it, and asks what else
// belongs to it. An error leaves nothing behind.
func (p *Part) Capture(ctx context.Context) (sources.Capture, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	c := &capture{s: s}
	if err := c.take(ctx); err != nil {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("the SQL Server database %s on %s: %w", p.c.Database, p.c.Server, err), c.Close(clean))
	}
	return c, nil
}

func (c *capture) take(ctx context.Context) error {
	s, f := c.s, &c.facts
	size, err := s.describe(ctx, f)
	if err != nil {
		return err
	}
	free, err := scratch.Free(s.c.Exchange.Local)
	if err != nil {
		return err
	}
	if free < size {
		return fmt.Errorf("%s has %d MiB free, and the backup may take %d MiB: free some, or name another folder with 'exchange:'", s.c.Exchange.Local, free>>20, size>>20)
	}
	logins, notes, err := s.logins(ctx)
	if err != nil {
		return err
	}
	f.Notes = append(f.Notes, notes...)
	c.bak = "ivyvault-" + plain(s.c.Database) + ".bak"
	// What a killed run left. Where it can't be removed from here, FORMAT overwrites it.
	if err := os.Remove(filepath.Join(s.c.Exchange.Local, c.bak)); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	when := s.now()
	s.env.Log("the server writes its backup")
	if _, err := s.run(ctx, backupSQL(s.c.Database, s.c.there(c.bak))); err != nil {
		return err
	}
	s.env.Log("the server verifies its backup")
	if _, err := s.run(ctx, verifySQL(s.c.there(c.bak))); err != nil {
		return fmt.Errorf("the backup is not good: %w", err)
	}
	f.Checks = append(f.Checks, sources.Check{Name: "RESTORE VERIFYONLY WITH CHECKSUM", OK: true})
	bak := filepath.Join(s.c.Exchange.Local, c.bak)
	r, err := os.Open(bak)
	if err != nil {
		return fmt.Errorf("the server wrote its backup as %s, but it can't be read as %s: both must be names of one folder, and this user needs the right to read what the server writes there: %w", s.c.there(c.bak), bak, err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	c.files = []listing.File{
		{Path: bakName, Size: info.Size(), MTime: when, Open: func(context.Context) (io.ReadCloser, error) { return os.Open(bak) }},
		listing.Bytes(loginsName, []byte(logins), when),
	}
	return nil
}

func backupSQL(database, file string) string {
	return fmt.Sprintf("BACKUP DATABASE %s TO DISK = %s WITH COPY_ONLY, CHECKSUM, INIT, FORMAT, NO_COMPRESSION, STATS = 10;\n", name(database), literal(file))
}

func verifySQL(file string) string {
	return fmt.Sprintf("RESTORE VERIFYONLY FROM DISK = %s WITH CHECKSUM;\n", literal(file))
}

// describe learns what the database is, and how many bytes it takes.
func (s *session) describe(ctx context.Context, f *sources.Facts) (size int64, err error) {
	rows, err := s.rows(ctx, "", []string{"SERVERPROPERTY('ProductVersion')", "SERVERPROPERTY('Edition')", "d.state_desc", "d.recovery_model_desc", "d.collation_name", "d.is_encrypted", "(SELECT SUM(CONVERT(bigint, m.size)) * 8192 FROM sys.master_files m WHERE m.database_id = d.database_id)"},
		"FROM sys.databases d WHERE d.name = "+literal(s.c.Database))
	if err != nil {
		return 0, err
	}
	if len(rows) != 1 {
		return 0, errors.New("the server has no such database, or the login may not see it")
	}
	r := rows[0]
	if r[2] != "ONLINE" {
		return 0, fmt.Errorf("its state is %s: only a database that is ONLINE can be backed up", r[2])
	}
	f.Product, f.Version, f.Tool, f.Consistency = "SQL Server", r[0], "sqlcmd", sources.Snapshot
	f.Details = map[string]string{"edition": r[1], "recovery model": r[3], "collation": r[4]}
	if r[5] == "1" {
		f.Notes = append(f.Notes, "the database is encrypted by the server (TDE): without the server's certificate and its key, which are not in this backup, it can't be restored elsewhere")
	}
	if f.Counts, err = s.counts(ctx, s.c.Database); err != nil {
		return 0, err
	}
	f.Notes = append(f.Notes, "rows were counted by the server's catalogue shortly before the backup")
	if f.Schema, err = s.schemas(ctx, f.Counts); err != nil {
		return 0, err
	}
	return strconv.ParseInt(r[6], 10, 64)
}
