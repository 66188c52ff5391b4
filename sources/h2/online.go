package h2

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/h2/link"
	"ivyvault/sources/listing"
	"ivyvault/sources/scratch"
)

// online asks the database's process for the script and for its file.
func (t *taking) online(ctx context.Context, url string) error {
	conn, err := t.open(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Abort()
	there, here, err := t.exchange()
	if err != nil {
		return err
	}
	f := &t.out.facts
	f.Consistency = sources.Snapshot
	// One view for counts and script: all that is read until COMMIT is read as
	// of the first statement.
	if _, err := conn.Exec("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SNAPSHOT"); err != nil {
		f.Consistency = sources.Hot
		f.Notes = append(f.Notes, "this H2 knows no snapshot of all tables: script.sql read one table after the other while the engine wrote")
	}
	if _, err := conn.Exec("SET AUTOCOMMIT FALSE"); err != nil {
		return err
	}
	if err := t.describe(conn); err != nil {
		return err
	}
	when := time.Now()
	if here == "" {
		err = t.streamed(conn)
	} else {
		err = t.handed(ctx, conn, there, here, when)
	}
	if err != nil {
		return err
	}
	conn.Close()
	return t.list(when)
}

// exchange makes the folder that files are handed over in; "" where there is
// none.
func (t *taking) exchange() (there, here string, err error) {
	parent := t.c.Exchange.Local
	if parent == "" && t.at.server != "" {
		return "", "", nil
	}
	like := t.at.file()
	if parent == "" {
		parent = filepath.Dir(like)
	}
	if t.at.server != "" {
		like = parent
	}
	need := int64(0)
	info, err := os.Stat(like)
	if err != nil {
		return "", "", err
	}
	if info.Mode().IsRegular() {
		need = 2 * info.Size()
	}
	d, err := scratch.New(parent, need)
	if errors.Is(err, fs.ErrPermission) {
		return "", "", fmt.Errorf("the database's process must hand its files over in a folder that it can write to, and %s is closed to this user: name another with 'exchange:': %w", parent, err)
	}
	if err != nil {
		return "", "", err
	}
	t.out.dirs = append(t.out.dirs, d)
	if s, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		if err := os.Chown(d.Path(), int(s.Uid), int(s.Gid)); err != nil {
			return "", "", err
		}
	}
	there = d.Path()
	if t.c.Exchange.Server != "" {
		there = path.Join(t.c.Exchange.Server, filepath.Base(d.Path()))
	}
	return there, d.Path(), nil
}

// handed lets the database's process write both files.
func (t *taking) handed(ctx context.Context, conn *link.Conn, there, here string, when time.Time) error {
	t.env.Log("the database's process writes script and copy")
	if _, err := conn.Exec("SCRIPT TO " + literal(path.Join(there, scriptName))); err != nil {
		return t.unwritten(err, there)
	}
	if _, err := conn.Exec("COMMIT"); err != nil {
		return err
	}
	if _, err := conn.Exec("BACKUP TO " + literal(path.Join(there, "copy.zip"))); err != nil {
		return t.unwritten(err, there)
	}
	script := filepath.Join(here, scriptName)
	info, err := os.Stat(script)
	if err != nil {
		return fmt.Errorf("the database wrote its script to %s, but it is not seen as %s: are both names of 'exchange:' those of one folder? %w", there, here, err)
	}
	t.out.files = append(t.out.files, listing.File{Path: scriptName, Size: info.Size(), MTime: when, Open: func(context.Context) (io.ReadCloser, error) { return os.Open(script) }})
	return t.unpacked(ctx, filepath.Join(here, "copy.zip"))
}

// unwritten explains why a file was not written.
func (t *taking) unwritten(err error, there string) error {
	var e *link.Error
	if errors.As(err, &e) && (e.Code == 90028 || e.Code == 90031 || e.Code == 90062) {
		return fmt.Errorf("the database's process can't write to %s: name a folder that it can write to with 'exchange:': %w", there, err)
	}
	return err
}

// unpacked takes the database's file out of the archive and looks whether it is
// whole.
func (t *taking) unpacked(ctx context.Context, archive string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("what BACKUP wrote can't be read: %w", err)
	}
	defer z.Close()
	name := ""
	for _, f := range z.File {
		if f.Name != path.Base(f.Name) || !strings.HasSuffix(f.Name, suffix) || name != "" {
			return fmt.Errorf("BACKUP wrote an archive with %q in it, which is not one database file", f.Name)
		}
		name = filepath.Join(t.tree(), f.Name)
		if err := unpack(f, name); err != nil {
			return fmt.Errorf("what BACKUP wrote: %w", err)
		}
	}
	if name == "" {
		return errors.New("BACKUP wrote an archive without a database file: databases in memory and in the old page store have none")
	}
	conn, err := t.open(ctx, copyURL(name, t.at.settings))
	if err != nil {
		return fmt.Errorf("the file that BACKUP wrote does not open: %w", err)
	}
	defer conn.Close()
	counts, err := counted(conn)
	if err != nil {
		return fmt.Errorf("the file that BACKUP wrote is not whole: %w", err)
	}
	t.out.facts.Checks = append(t.out.facts.Checks, opened(counts))
	return errors.Join(z.Close(), os.Remove(archive))
}

// streamed takes the script through the connection, where no folder is shared
// with the server.
func (t *taking) streamed(conn *link.Conn) error {
	t.env.Log("no folder is shared with the server: the script comes through the connection")
	w, err := os.OpenFile(filepath.Join(t.tree(), scriptName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = conn.Query("SCRIPT", func(row []link.Cell) error {
		_, err := w.WriteString(row[0].Text + "\n")
		return err
	})
	t.out.facts.Notes = append(t.out.facts.Notes, "without a folder shared with the server ('exchange:') there is script.sql only, and no .mv.db")
	return errors.Join(err, w.Close())
}
