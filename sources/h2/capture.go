package h2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/h2/link"
	"ivyvault/sources/listing"
	"ivyvault/sources/scratch"
)

// capture holds what was taken, in scratch folders.
type capture struct {
	files []listing.File
	facts sources.Facts
	dirs  []*scratch.Dir
}

var (
	_ sources.Capture   = (*capture)(nil)
	_ sources.Described = (*capture)(nil)
)

func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, c.files)
}

func (c *capture) Facts(context.Context) (sources.Facts, error) { return c.facts, nil }

func (c *capture) Close(context.Context) error {
	var bad []error
	for _, d := range c.dirs {
		bad = append(bad, d.Close())
	}
	return errors.Join(bad...)
}

// taking is one capture under way.
type taking struct {
	*Part
	at       place
	password string
	dir      *scratch.Dir // ours: the tree below "tree", the class file beside it
	jar      jar
	out      *capture
}

// Capture takes the database in the way that it can be taken now: online, where
// its process lets others in, else from its file where nobody has it open. It
// returns when all is taken; an error leaves nothing behind.
func (p *Part) Capture(ctx context.Context) (sources.Capture, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	at, err := p.c.place()
	if err != nil {
		return nil, err
	}
	t := &taking{Part: p, at: at, out: &capture{}}
	if err := t.take(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", at.where(), parted(err)), t.out.Close(context.WithoutCancel(ctx)))
	}
	return t.out, nil
}

// parted says in words what the driver answers where the database's process
// ended, or was stopped, in the middle.
func parted(err error) error {
	var e *link.Error
	if !errors.As(err, &e) {
		return err
	}
	switch lost := strings.Contains(e.Message, "EOFException") || strings.Contains(e.Message, "SocketException"); {
	case e.Code == 90067, e.Code == 90098, e.Code == 90121, e.Code == 90028 && lost:
		return fmt.Errorf("the connection to the database's process broke off: look whether that still runs, and run again; %w", err)
	}
	return err
}

func (t *taking) take(ctx context.Context) (err error) {
	if t.password, err = t.env.Mask.Reveal(ctx, t.c.Password); err != nil {
		return err
	}
	if t.at.server != "" {
		if err := t.begin(0, 0); err != nil {
			return err
		}
		return t.online(ctx, "jdbc:h2:"+t.at.server+"/"+t.at.path+t.at.settings+";IFEXISTS=TRUE")
	}
	w, err := look(t.at)
	if err != nil {
		return err
	}
	if w.held && w.server == "" {
		return &HeldError{t.at.file(), w.pid, "its URL has no AUTO_SERVER=TRUE, by which it would let others in"}
	}
	size, format, err := stated(t.at.file())
	if err != nil {
		return err
	}
	if err := t.begin(size, format); err != nil {
		return err
	}
	if w.held {
		return t.online(ctx, "jdbc:h2:tcp://"+w.server+t.at.settings)
	}
	return t.cold(ctx)
}

// stated reads a database file's size and format.
func stated(name string) (size int64, format int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	format, err = fileFormat(name, f)
	return info.Size(), format, err
}

// begin makes room for a database file of the size, its script, and an archive.
func (t *taking) begin(size int64, format int) (err error) {
	if t.dir, err = scratch.New(t.env.Scratch, 3*size); err != nil {
		return err
	}
	t.out.dirs = append(t.out.dirs, t.dir)
	if err := os.Mkdir(t.tree(), 0o700); err != nil {
		return err
	}
	t.jar, err = t.findJar(format, t.at.file(), t.dir)
	return err
}

func (t *taking) tree() string { return filepath.Join(t.dir.Path(), "tree") }

func (t *taking) open(ctx context.Context, url string) (*link.Conn, error) {
	return open(ctx, t.Part, t.jar, t.dir.Path(), url, t.password)
}

// cold copies the file that nobody has open, and asks the copy.
func (t *taking) cold(ctx context.Context) error {
	t.env.Log("nobody has " + t.at.file() + " open: it is copied")
	name := filepath.Join(t.tree(), filepath.Base(t.at.file()))
	when, err := copyStill(ctx, t.at.file(), name)
	if err != nil {
		return err
	}
	f := &t.out.facts
	f.Consistency = sources.Cold
	conn, err := t.open(ctx, copyURL(name, t.at.settings))
	if err != nil {
		return fmt.Errorf("the copy of the file does not open: %w", err)
	}
	defer conn.Close()
	if err := t.describe(conn); err != nil {
		return err
	}
	script := filepath.Join(t.tree(), scriptName)
	if _, err := conn.Exec("SCRIPT TO " + literal(script)); err != nil {
		return err
	}
	f.Checks = append(f.Checks, opened(f.Counts))
	return t.list(when)
}

// copyURL opens the copy of a database for reading only, so that it stays what
// it is.
func copyURL(file, settings string) string {
	return "jdbc:h2:file:" + file[:len(file)-len(suffix)] + settings + ";ACCESS_MODE_DATA=r;IFEXISTS=TRUE"
}

func opened(counts map[string]int64) sources.Check {
	rows := int64(0)
	for _, n := range counts {
		rows += n
	}
	return sources.Check{Name: "the copied file opens", OK: true, Said: fmt.Sprintf("%d tables with %d rows", len(counts), rows)}
}

// list makes the tree that is captured; what it holds lies still from now on.
func (t *taking) list(when time.Time) error {
	files, err := listing.Folder(t.tree())
	if err != nil {
		return err
	}
	for i := range files {
		files[i].MTime, files[i].Mode = when, 0o600
	}
	t.out.files = append(t.out.files, files...)
	return nil
}

// copyStill copies a file that must not change meanwhile, and returns when it
// was last changed.
func copyStill(ctx context.Context, from, to string) (time.Time, error) {
	in, err := os.Open(from)
	if err != nil {
		return time.Time{}, err
	}
	defer in.Close()
	before, err := in.Stat()
	if err != nil {
		return time.Time{}, err
	}
	if err := writeFile(to, untilEnded{ctx, in}); err != nil {
		return time.Time{}, err
	}
	after, err := os.Stat(from)
	if err != nil {
		return time.Time{}, err
	}
	pid, err := holder(from)
	if err != nil {
		return time.Time{}, err
	}
	if pid >= 0 || !os.SameFile(before, after) || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return time.Time{}, &HeldError{from, max(0, pid), "it was opened while it was being copied"}
	}
	return before.ModTime(), nil
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

// writeFile writes a new file and flushes it to disk.
func writeFile(name string, r io.Reader) error {
	w, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Sync(), w.Close())
}
