package axonserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/scratch"
)

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// target is the folder of this machine into which something is restored: below
// RestoreTo by its kind, else where the server has it. name is that of the
// context or group, "" where there is none.
func (c *Config) target(kind, server, name string) (string, error) {
	if name != "" && !validName(name) {
		return "", fmt.Errorf("%q can't be the name of a folder", name)
	}
	if c.RestoreTo != "" {
		return filepath.Join(c.RestoreTo, kind, name), nil
	}
	if server == "" {
		return "", fmt.Errorf("where the server has its %s is not known: name the folder under '%s', or another one under 'restore-to'", kind, kind)
	}
	return filepath.Join(c.here(server), name), nil
}

// stopped is an error while one of the servers answers: it would write into
// what is put in place. A restore beside what lives needs no such care.
func (c *Config) stopped(ctx context.Context, env Env) error {
	if c.RestoreTo != "" || len(c.URLs) == 0 {
		return nil
	}
	env.Limit = 5 * time.Second
	n, err := connect(c, env)
	if err != nil {
		return err
	}
	for _, client := range n.all {
		_, err := client.Alive(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var gone *rest.UnreachableError
		if !errors.As(err, &gone) {
			return fmt.Errorf("the server at %s is running: stop it first, or name another place under 'restore-to'. Nothing was changed", client.URL())
		}
	}
	return nil
}

// room makes a folder beside the target, in which all is prepared.
func room(parent string, need int64) (*scratch.Dir, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	d, err := scratch.New(parent, need)
	var few *scratch.NoRoomError
	if errors.As(err, &few) {
		return nil, fmt.Errorf("%s has %d MiB free, and %d MiB are needed: nothing was changed", parent, few.Free>>20, few.Need>>20)
	}
	return d, err
}

// swap puts the prepared files into the target, and what was there aside, to be
// removed with the folder of the preparation. Where it fails it puts back.
func swap(stage, target string, there []string, aside string) (err error) {
	if err := makeOwned(target); err != nil {
		return err
	}
	names, err := os.ReadDir(stage)
	if err != nil {
		return err
	}
	type move struct{ from, to string }
	var moves []move
	if err := os.Mkdir(aside, 0o700); err != nil {
		return err
	}
	for _, n := range there {
		moves = append(moves, move{filepath.Join(target, n), filepath.Join(aside, n)})
	}
	for _, n := range names {
		moves = append(moves, move{filepath.Join(stage, n.Name()), filepath.Join(target, n.Name())})
	}
	for i, m := range moves {
		if err = os.Rename(m.from, m.to); err == nil {
			continue
		}
		for ; i > 0; i-- {
			err = errors.Join(err, os.Rename(moves[i-1].to, moves[i-1].from))
		}
		return err
	}
	return syncDir(target)
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// makeOwned makes a folder, which gets the owner of the one above it, as do all
// files that are restored: the server must be able to write to them.
func makeOwned(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return own(dir, filepath.Dir(dir))
}

// own gives a file or folder the owner of a folder, as far as that is allowed.
func own(name, like string) error {
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return os.Lchown(name, int(s.Uid), int(s.Gid))
	}
	return nil
}

// copied writes a file of the capture to disk, runs of zeros as holes, and lets
// every byte go through seen as well. The file is synced.
func copied(ctx context.Context, from fs.FS, name, to, like string, seen io.Writer) (err error) {
	in, err := from.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	buf := make([]byte, 256<<10)
	var at int64
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		n, rerr := io.ReadFull(in, buf)
		if seen != nil {
			if _, err := seen.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err := sparse(out, buf[:n], at); err != nil {
			return err
		}
		at += int64(n)
		if rerr == io.EOF || rerr == io.ErrUnexpectedEOF {
			break
		}
		if rerr != nil {
			return fmt.Errorf("%s: %w", name, rerr)
		}
	}
	mode := info.Mode().Perm()
	if mode == 0 {
		mode = 0o600
	}
	t := info.ModTime()
	return errors.Join(out.Truncate(at), out.Chmod(mode), own(to, like), os.Chtimes(to, t, t), out.Sync())
}

// sparse writes what is not zero.
func sparse(out io.WriterAt, p []byte, at int64) error {
	const page = 4096
	for len(p) > 0 {
		n := min(page, len(p))
		if !zero(p[:n]) {
			for n < len(p) && !zero(p[n:min(n+page, len(p))]) {
				n = min(n+page, len(p))
			}
			if _, err := out.WriteAt(p[:n], at); err != nil {
				return err
			}
		}
		p, at = p[n:], at+int64(n)
	}
	return nil
}

func zero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// vacantFor is an error where something lies in a folder that isn't to be
// replaced, and the names of what lies there.
func vacantFor(dir string, replace bool) ([]string, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range list {
		names = append(names, d.Name())
	}
	if len(names) > 0 && !replace {
		return nil, &sources.OccupiedError{Where: "the folder " + dir, What: fmt.Sprintf("%d entries, %s among them", len(names), names[0])}
	}
	return names, nil
}
