package axonserver

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/listing"
)

// controlName is the file of the control database.
const controlName = "axonserver-controldb.mv.db"

// ControlDB is the control database: users, contexts, nodes, and how far the
// replication has come.
type ControlDB struct {
	c   Config
	env Env
}

var _ sources.Part = (*ControlDB)(nil)

// NewControlDB makes the part; c must be valid.
func NewControlDB(c Config, env Env) *ControlDB { return &ControlDB{c: c, env: env.norm()} }

// Capture has the server write a copy of its control database. The copy is
// removed with Close, whatever happens; no other file is.
func (p *ControlDB) Capture(ctx context.Context) (sources.Capture, error) {
	n, err := connect(&p.c, p.env)
	if err != nil {
		return nil, err
	}
	k := &control{p: p}
	err = n.first(ctx, "the context _admin", func(_ *rest.Client, a *rest.About) bool {
		return a.Edition == rest.Standard || a.Admin || !a.Clustered
	}, func(client *rest.Client, about rest.About) error {
		k.about = about // it was asked with the token: the copy is made without one too
		var err error
		k.server, err = client.BackupControlDB(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the control database: %w", err)
	}
	if err := k.open(); err != nil {
		return nil, errors.Join(err, k.Close(ctx))
	}
	return k, nil
}

// control is one copy of a control database.
type control struct {
	p      *ControlDB
	about  rest.About
	server string // path of the zip file, as the server names it
	path   string // and here; "" where it isn't ours to remove
	file   File
	entry  *zip.File
	at     time.Time
}

var (
	_ sources.Capture   = (*control)(nil)
	_ sources.Described = (*control)(nil)
)

// open finds the zip file and the one file in it.
func (k *control) open() error {
	if dir := k.p.c.ControlDBBackup; dir != "" && path.Clean(dir) != path.Dir(k.server) && !same(k.p.c.here(dir), k.p.c.here(path.Dir(k.server))) {
		return fmt.Errorf("the server wrote the copy of its control database to %s, and not into %s, which 'controldb-backup' names: the file was left there", k.server, dir)
	}
	at := k.p.c.here(k.server)
	f, err := k.p.env.Files.Open(at)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the server wrote the copy of its control database to %s, which is not at %s on this machine: say under 'path-map' where the folder %s lies here. The file stays on the server: remove it", k.server, at, path.Dir(k.server))
	}
	if err != nil {
		return fmt.Errorf("the copy of the control database can't be read, and stays on the server: %w", err)
	}
	k.path, k.file = at, f
	info, err := f.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return fmt.Errorf("the copy of the control database %s is no whole zip file: %w", at, err)
	}
	if len(z.File) != 1 || path.Base(z.File[0].Name) != z.File[0].Name || !strings.HasSuffix(z.File[0].Name, ".mv.db") {
		return fmt.Errorf("the copy of the control database %s holds something else than one .mv.db file", at)
	}
	k.entry, k.at = z.File[0], info.ModTime()
	return nil
}

// Entries yields the database's file.
func (k *control) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, []listing.File{{Path: k.entry.Name, Size: int64(k.entry.UncompressedSize64), MTime: k.at, Open: func(context.Context) (io.ReadCloser, error) {
		r, err := k.entry.Open()
		if err != nil {
			return nil, errors.New(err.Error())
		}
		return r, nil
	}}})
}

// Facts looks once more at the whole file: its checksum, and that it begins as
// H2's files do.
func (k *control) Facts(ctx context.Context) (sources.Facts, error) {
	r, err := k.entry.Open()
	if err != nil {
		return sources.Facts{}, err
	}
	defer r.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(r, head)
	if err == nil {
		_, err = io.Copy(io.Discard, r) // its CRC is looked at in the end
	}
	if err != nil && err != io.ErrUnexpectedEOF {
		return sources.Facts{}, fmt.Errorf("the copy of the control database is damaged: %w", err)
	}
	format, ok := h2Format(head[:n])
	if !ok {
		return sources.Facts{}, fmt.Errorf("the copy of the control database doesn't begin as a database of H2 does")
	}
	return sources.Facts{
		Product: k.about.Edition.String(), Version: k.about.Version, Consistency: sources.Snapshot,
		Details: map[string]string{"node": k.about.Node, "file": k.entry.Name, "H2 format": format, "contexts": strings.Join(k.about.Contexts, " ")},
		Checks:  []sources.Check{{Name: "checksum of the zip file", OK: true}},
	}, context.Cause(ctx)
}

// h2Format reads the head of an H2 file: H:2,block:5,…,format:1,….
func h2Format(head []byte) (string, bool) {
	if !bytes.HasPrefix(head, []byte("H:2,")) {
		return "", false
	}
	_, rest, _ := bytes.Cut(head, []byte("format:"))
	f, _, _ := bytes.Cut(rest, []byte(","))
	return string(f), true
}

// Close removes the copy that the server wrote.
func (k *control) Close(context.Context) error {
	if k.file == nil {
		return nil
	}
	err := k.file.Close()
	k.file = nil
	if rerr := k.p.env.Files.Remove(k.path); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("the copy of the control database was taken and can't be removed from the server's folder, where each night leaves one: %w", rerr))
	}
	return err
}

// Restore places the control database.
func (p *ControlDB) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	done, err := p.restore(ctx, from, opt)
	if err != nil {
		err = fmt.Errorf("the control database was not restored: %w", err)
	}
	return done, err
}

func (p *ControlDB) restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (done sources.Restored, err error) {
	names, err := fs.Glob(from, "*.mv.db")
	if err != nil || len(names) != 1 {
		return done, errors.Join(err, fmt.Errorf("what was captured holds %d databases instead of one", len(names)))
	}
	head := make([]byte, 64)
	f, err := from.Open(names[0])
	if err != nil {
		return done, err
	}
	n, err := io.ReadFull(f, head)
	if err := errors.Join(f.Close(), eof(err)); err != nil {
		return done, err
	}
	if _, ok := h2Format(head[:n]); !ok {
		return done, fmt.Errorf("%s doesn't begin as a database of H2 does", names[0])
	}
	target, err := p.c.target("controldb", p.c.ControlDB, "")
	if err != nil {
		return done, err
	}
	if err := p.c.stopped(ctx, p.env); err != nil {
		return done, err
	}
	var there []string
	if _, err := os.Stat(filepath.Join(target, names[0])); err == nil {
		if !opt.Replace {
			return done, &sources.OccupiedError{Where: "the folder " + target, What: "it holds " + names[0]}
		}
		there = []string{names[0]}
	}
	dir, err := room(filepath.Dir(target), 0)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	stage := filepath.Join(dir.Path(), "controldb")
	if err := os.Mkdir(stage, 0o700); err != nil {
		return done, err
	}
	if err := copied(ctx, from, names[0], filepath.Join(stage, names[0]), filepath.Dir(target), nil); err != nil {
		return done, err
	}
	if err := swap(stage, target, there, filepath.Join(dir.Path(), "old")); err != nil {
		return done, err
	}
	done.Notes = []string{"the control database knows the names and addresses of the nodes: where they have changed, an enterprise server wants a recovery.json"}
	if names[0] != controlName {
		done.Notes = append(done.Notes, fmt.Sprintf("it is named %s, and not %s as is usual", names[0], controlName))
	}
	return done, nil
}

// eof takes the end of a short file for no error.
func eof(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}
