package axonserver

import (
	"cmp"
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

// Logs is the log entries of one replication group, of the enterprise edition.
// They are never captured in steps: each night replaces all.
type Logs struct {
	c     Config
	env   Env
	group string
}

var _ sources.Part = (*Logs)(nil)

// NewLogs makes the part for a group; c must be valid.
func NewLogs(c Config, group string, env Env) *Logs {
	return &Logs{c: c, env: env.norm(), group: group}
}

// Capture asks for the list and opens every file of it: the server may remove
// the oldest at any time, which must not tear a hole into the copy.
func (p *Logs) Capture(ctx context.Context) (sources.Capture, error) {
	n, err := connect(&p.c, p.env)
	if err != nil {
		return nil, err
	}
	var l *logs
	for pass := 1; ; pass++ {
		err = n.first(ctx, "the replication group "+p.group, func(client *rest.Client, a *rest.About) bool {
			if u, ok := p.c.Primaries[p.group]; ok {
				return strings.TrimSuffix(u, "/") == client.URL()
			}
			return p.group != "_admin" || a.Admin
		}, func(client *rest.Client, about rest.About) (err error) {
			l, err = p.hold(ctx, client, about)
			return err
		})
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || pass == 4 {
			return nil, fmt.Errorf("the log entries of the replication group %s: %w", p.group, err)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(p.env.Pause):
		}
	}
}

func (p *Logs) hold(ctx context.Context, client *rest.Client, about rest.About) (*logs, error) {
	list, err := client.Logs(ctx, p.group)
	if rest.Missing(err) {
		return nil, errors.Join(errors.New("only the enterprise edition has such logs, and this server knows nothing of them: set 'edition' to what it is"), err)
	}
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("the server names no file, though each group has at least one: the parameter is the name of the replication group, which may be another than that of its contexts; name the groups under 'groups'")
	}
	l := &logs{about: about, group: p.group}
	for _, s := range list {
		if err := p.add(l, s); err != nil {
			return nil, errors.Join(err, l.Close(ctx))
		}
	}
	return l, nil
}

func (p *Logs) add(l *logs, server string) error {
	dir := path.Dir(server)
	want := path.Join(p.c.Log, p.group)
	if path.Base(dir) != p.group || p.c.Log != "" && want != dir && !same(p.c.here(want), p.c.here(dir)) {
		return &WrongPlaceError{Path: server, Context: p.group, Want: []string{cmp.Or(want, p.group)}}
	}
	at := filepath.Join(p.c.here(dir), path.Base(server))
	f, err := p.env.Files.Open(at)
	if err != nil {
		return fmt.Errorf("the server names a file that can't be read here: %w; look at 'path-map'", err)
	}
	l.files = append(l.files, f)
	info, err := f.Stat()
	if err != nil {
		return err
	}
	l.bytes += info.Size()
	l.list = append(l.list, listing.File{Path: path.Base(server), Size: info.Size(), MTime: info.ModTime(), Mode: uint32(info.Mode().Perm()), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f, 0, info.Size())), nil
	}})
	return nil
}

// logs is one copy of a group's log.
type logs struct {
	about rest.About
	group string
	files []File
	list  []listing.File
	bytes int64
}

var (
	_ sources.Capture   = (*logs)(nil)
	_ sources.Described = (*logs)(nil)
)

// Entries yields all files.
func (l *logs) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, l.list)
}

// Facts says what was captured. What is in the files is not known here.
func (l *logs) Facts(ctx context.Context) (sources.Facts, error) {
	return sources.Facts{
		Product: l.about.Edition.String(), Version: l.about.Version, Consistency: sources.Hot,
		Counts:  map[string]int64{"files": int64(len(l.list))},
		Details: map[string]string{"group": l.group, "node": l.about.Node},
		Notes:   []string{"log entries are copied as they are: the server finds the last whole one by itself, and the replication brings what follows"},
	}, context.Cause(ctx)
}

// Close lets go of the files.
func (l *logs) Close(context.Context) error {
	for _, f := range l.files {
		f.Close()
	}
	l.files = nil
	return nil
}

// Restore places the log entries of the group.
func (p *Logs) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	done, err := p.restore(ctx, from, opt)
	if err != nil {
		err = fmt.Errorf("the log entries of the replication group %s were not restored: %w", p.group, err)
	}
	return done, err
}

func (p *Logs) restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (done sources.Restored, err error) {
	names, err := fs.ReadDir(from, ".")
	if err != nil {
		return done, err
	}
	if want, ok := opt.Facts.Counts["files"]; len(names) == 0 || ok && want != int64(len(names)) {
		return done, fmt.Errorf("%d files were captured, and %d are there", want, len(names))
	}
	target, err := p.c.target("log", p.c.Log, p.group)
	if err != nil {
		return done, err
	}
	if err := p.c.stopped(ctx, p.env); err != nil {
		return done, err
	}
	there, err := vacantFor(target, opt.Replace)
	if err != nil {
		return done, err
	}
	dir, err := room(filepath.Dir(target), 0)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	stage := filepath.Join(dir.Path(), "log")
	if err := os.Mkdir(stage, 0o700); err != nil {
		return done, err
	}
	for _, n := range names {
		if err := copied(ctx, from, n.Name(), filepath.Join(stage, n.Name()), filepath.Dir(target), nil); err != nil {
			return done, err
		}
	}
	if err := swap(stage, target, there, filepath.Join(dir.Path(), "old")); err != nil {
		return done, err
	}
	done.Counts = map[string]int64{"files": int64(len(names))}
	done.Notes = []string{"control database, log entries and events belong together: restore all three from one snapshot"}
	return done, nil
}
