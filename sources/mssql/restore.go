package mssql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"ivyvault/sources"
	"ivyvault/sources/scratch"
)

// Restore puts a whole database back under its name or Config.Target. It looks
// at versions, names and rights before it changes anything; RESTORE itself
// leaves a database that it could not finish in the state RESTORING.
func (p *Part) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (done sources.Restored, err error) {
	if len(opt.Only) > 0 {
		return done, fmt.Errorf("SQL Server restores whole databases only, so that %s can't go back alone: restore under another name ('target:') and copy the rows from there, INSERT INTO %s.<schema>.<table> SELECT * FROM <target>.<schema>.<table>", strings.Join(opt.Only, ", "), name(p.c.Database))
	}
	s, err := p.session(ctx)
	if err != nil {
		return done, err
	}
	file := "ivyvault-restore-" + plain(p.c.target()) + ".bak"
	done, err = s.restore(ctx, from, opt, file)
	if err != nil {
		err = fmt.Errorf("the SQL Server database %s on %s: %w", p.c.target(), p.c.Server, err)
	}
	return done, errors.Join(err, s.remove(context.WithoutCancel(ctx), file), s.close())
}

func (s *session) restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions, file string) (done sources.Restored, err error) {
	exists, err := s.occupied(ctx, opt)
	if err != nil {
		return done, err
	}
	if err := s.place(ctx, from, file); err != nil {
		return done, err
	}
	bak := literal(s.c.there(file))
	if err := s.older(ctx, bak); err != nil {
		return done, err
	}
	opt.Say("the server verifies the backup")
	if _, err := s.run(ctx, verifySQL(s.c.there(file))); err != nil {
		return done, err
	}
	moves, err := s.moves(ctx, bak)
	if err != nil {
		return done, err
	}
	script := ""
	with := append([]string{"CHECKSUM", "RECOVERY", "STATS = 10"}, moves...)
	if exists {
		script = fmt.Sprintf("ALTER DATABASE %s SET SINGLE_USER WITH ROLLBACK IMMEDIATE;\n", name(s.c.target()))
		with = append(with, "REPLACE")
	}
	script += fmt.Sprintf("RESTORE DATABASE %s FROM DISK = %s WITH %s;\n", name(s.c.target()), bak, strings.Join(with, ", "))
	opt.Say("the server restores the database")
	if _, err := s.run(ctx, script); err != nil {
		return done, fmt.Errorf("what there is now the server shows as its state in sys.databases (RESTORING: it was not finished): %w", err)
	}
	if exists {
		if _, err := s.run(ctx, fmt.Sprintf("ALTER DATABASE %s SET MULTI_USER;\n", name(s.c.target()))); err != nil {
			return done, err
		}
	}
	if done.Notes, err = s.users(ctx, from, opt); err != nil {
		return done, err
	}
	opt.Say("the server checks the database")
	if _, err := s.run(ctx, fmt.Sprintf("DBCC CHECKDB (%s) WITH NO_INFOMSGS, PHYSICAL_ONLY;\n", literal(s.c.target()))); err != nil {
		return done, fmt.Errorf("it was restored, but is damaged: %w", err)
	}
	if done.Counts, err = s.counts(ctx, s.c.target()); err != nil {
		return done, err
	}
	return s.compared(opt, done)
}

// compared looks whether all tables came back. Rows were counted before the
// backup, while it was written to, so that other numbers are told and are no
// failure.
func (s *session) compared(opt sources.RestoreOptions, done sources.Restored) (sources.Restored, error) {
	for table, n := range opt.Facts.Counts {
		m, ok := done.Counts[table]
		if !ok {
			return done, fmt.Errorf("it was restored, but the table %s is missing", table)
		}
		if m != n {
			done.Notes = append(done.Notes, fmt.Sprintf("%s holds %d rows; %d were counted shortly before the backup", table, m, n))
		}
	}
	return done, nil
}

func (s *session) occupied(ctx context.Context, opt sources.RestoreOptions) (bool, error) {
	rows, err := s.rows(ctx, "", []string{"d.state_desc"}, "FROM sys.databases d WHERE d.name = "+literal(s.c.target()))
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if !opt.Replace {
		return true, &sources.OccupiedError{Where: "the SQL Server " + s.c.Server, What: "it has a database " + s.c.target() + ", " + rows[0][0]}
	}
	return true, nil
}

// place writes the backup into the exchange, readable for the server.
func (s *session) place(ctx context.Context, from fs.FS, file string) error {
	r, err := from.Open(bakName)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	folder, err := os.Stat(s.c.Exchange.Local)
	if err != nil {
		return err
	}
	if free, err := scratch.Free(s.c.Exchange.Local); err != nil || free < info.Size() {
		return errors.Join(err, fmt.Errorf("%s has %d MiB free, and the backup takes %d MiB", s.c.Exchange.Local, free>>20, info.Size()>>20))
	}
	to := filepath.Join(s.c.Exchange.Local, file)
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
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

// majorColumn is the place of SoftwareVersionMajor in the answer to RESTORE
// HEADERONLY, counted from 0.
const majorColumn = 25

// older refuses a backup of a newer server than this one.
func (s *session) older(ctx context.Context, bak string) error {
	head, err := s.table(ctx, "RESTORE HEADERONLY FROM DISK = "+bak+";", majorColumn+1)
	if err != nil {
		return err
	}
	rows, err := s.rows(ctx, "", []string{"SERVERPROPERTY('ProductMajorVersion')"}, "")
	if err != nil {
		return err
	}
	made, err := strconv.Atoi(strings.TrimSpace(head[0][majorColumn]))
	if err != nil || len(rows) != 1 {
		return errors.Join(err, errors.New("the versions of backup and server can't be read"))
	}
	is, err := strconv.Atoi(rows[0][0])
	if err != nil {
		return fmt.Errorf("the version of the server can't be read: %w", err)
	}
	if made > is {
		return fmt.Errorf("the backup was made by SQL Server version %d and this one is version %d: a newer server's backup can't be restored by an older one", made, is)
	}
	return nil
}

// moves says where each file of the database goes: into folders of this
// server, under the target's name, so that no file of another database is met.
func (s *session) moves(ctx context.Context, bak string) ([]string, error) {
	files, err := s.table(ctx, "RESTORE FILELISTONLY FROM DISK = "+bak+";", 3)
	if err != nil {
		return nil, err
	}
	data, log := s.c.DataFolder, s.c.LogFolder
	if data == "" || log == "" {
		rows, err := s.rows(ctx, "", []string{"SERVERPROPERTY('InstanceDefaultDataPath')", "SERVERPROPERTY('InstanceDefaultLogPath')"}, "")
		if err != nil {
			return nil, err
		}
		if len(rows) == 1 && data == "" {
			data = rows[0][0]
		}
		if len(rows) == 1 && log == "" {
			log = rows[0][1]
		}
	}
	if data == "" || log == "" {
		return nil, errors.New("the server does not tell its folders for databases: name them with 'data-folder:' and 'log-folder:'")
	}
	var out []string
	for i, f := range files {
		to := fmt.Sprintf("%s_%d", plain(s.c.target()), i)
		switch kind := strings.TrimSpace(f[2]); {
		case kind == "L":
			to = join(log, to+".ldf")
		case kind == "D" && i == 0:
			to = join(data, to+".mdf")
		case kind == "D":
			to = join(data, to+".ndf")
		default: // FILESTREAM and its like are folders
			to = join(data, to)
		}
		out = append(out, "MOVE "+literal(f[0])+" TO "+literal(to))
	}
	return out, nil
}

// users makes the logins and ties users to them.
func (s *session) users(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (notes []string, err error) {
	logins, err := fs.ReadFile(from, loginsName)
	if err != nil {
		return nil, err
	}
	opt.Say("making logins")
	if _, err := s.run(ctx, string(logins)); err != nil {
		return nil, fmt.Errorf("the database was restored, but its logins were not made (%s): %w", loginsName, err)
	}
	orphans, err := s.rows(ctx, s.c.target(), []string{"u.name", "SUSER_ID(u.name)"},
		"FROM sys.database_principals u LEFT JOIN sys.server_principals p ON p.sid = u.sid WHERE u.type IN ('S', 'U', 'G') AND u.authentication_type IN (1, 3) AND u.principal_id > 4 AND p.sid IS NULL ORDER BY u.name")
	if err != nil {
		return nil, err
	}
	for _, o := range orphans {
		if o[1] == "" {
			notes = append(notes, fmt.Sprintf("the user %s has no login on this server", o[0]))
			continue
		}
		if _, err := s.run(ctx, fmt.Sprintf("USE %s;\nALTER USER %s WITH LOGIN = %s;\n", name(s.c.target()), name(o[0]), name(o[0]))); err != nil {
			return nil, err
		}
		notes = append(notes, fmt.Sprintf("the user %s was tied to the login of the same name, which was there before and has a SID and password of its own", o[0]))
	}
	return notes, nil
}
