package h2

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"ivyvault/sources"
	"ivyvault/sources/scratch"
)

// beside ends the name under which a database is made before it takes its
// place.
const beside = ".ivyvault-new"

// whole makes the database's file beside its place and puts it there.
func (r *returning) whole(ctx context.Context) (done sources.Restored, err error) {
	there := exists(r.at.file())
	if there && !r.opt.Replace {
		return done, &sources.OccupiedError{Where: r.at.where(), What: "a database file"}
	}
	if r.asFile() && r.opt.Facts.Version != "" {
		r.opt.Say("placing the file of H2 %s", r.opt.Facts.Version)
	}
	if err := r.room(); err != nil {
		return done, err
	}
	fresh := place{path: r.at.path + beside, settings: r.at.settings}
	if err := clear(fresh); err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, clear(fresh)) }()
	if r.asFile() {
		err = r.copied(ctx, fresh)
	} else {
		err = r.built(ctx, fresh)
	}
	if err != nil {
		return done, err
	}
	conn, err := open(ctx, r.Part, r.jar, r.dir.Path(), copyURL(fresh.file(), r.at.settings), r.password)
	if err != nil {
		return done, fmt.Errorf("the restored file does not open, and nothing was changed (its users have the passwords of the capture; with 'restore: script' this user gets the present one): %w", err)
	}
	defer conn.Close()
	if done.Counts, err = counted(conn); err != nil {
		return done, err
	}
	conn.Close()
	if diff := differences(r.opt.Facts.Counts, done.Counts); len(diff) > 0 && r.asFile() {
		// The file was taken a moment after the counts, and may be ahead of them.
		done.Notes = append(done.Notes, fmt.Sprintf("the file was copied after the rows were counted, and %s differ", plural(len(diff), "table")))
		r.opt.Facts.Counts = nil
	}
	if err := r.owned(fresh.file()); err != nil {
		return done, err
	}
	// The engine may have been started meanwhile: it must not lose its file.
	if there {
		if pid, err := holder(r.at.file()); err != nil || pid >= 0 {
			return done, errors.Join(err, &HeldError{r.at.file(), max(0, pid), "it was opened while its successor was being made"})
		}
	}
	return done, settle(fresh.file(), r.at.file())
}

// room makes sure that the new database fits beside the old one.
func (r *returning) room() error {
	name := scriptName
	if r.asFile() {
		name = r.file
	}
	info, err := fs.Stat(r.from, name)
	if err != nil {
		return err
	}
	dir := filepath.Dir(r.at.file())
	free, err := scratch.Free(dir)
	if err != nil {
		return err
	}
	if free < info.Size() {
		return fmt.Errorf("%s has %d MiB free, and the database needs %d MiB: nothing was changed", dir, free>>20, info.Size()>>20)
	}
	return nil
}

// settle puts a file in its place, so that a crash leaves the old or the new.
func settle(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (r *returning) copied(ctx context.Context, fresh place) error {
	f, err := r.from.Open(r.file)
	if err != nil {
		return err
	}
	defer f.Close()
	return writeFile(fresh.file(), untilEnded{ctx, f})
}

// built makes a new database by the script.
func (r *returning) built(ctx context.Context, fresh place) error {
	old, err := r.understood(r.jar.version, false)
	if err != nil {
		return err
	}
	conn, err := open(ctx, r.Part, r.jar, r.dir.Path(), "jdbc:h2:file:"+fresh.path+fresh.settings, r.password)
	if err != nil {
		return err
	}
	defer conn.Close()
	r.opt.Say("running %s in a new database", scriptName)
	if old {
		err = r.fromOld(ctx, func(sql string) error { _, err := conn.Exec(sql); return err })
	} else {
		err = r.script(conn)
	}
	if err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	conn.Close()
	return sync(fresh.file())
}

// fromOld lets H2 2 read the script of 1.4, whose words it knows in a mode of
// their own only.
func (r *returning) fromOld(ctx context.Context, run func(sql string) error) error {
	f, err := r.from.Open(scriptName)
	if err != nil {
		return err
	}
	defer f.Close()
	name := filepath.Join(r.dir.Path(), scriptName)
	if err := writeFile(name, untilEnded{ctx, f}); err != nil {
		return err
	}
	return run("RUNSCRIPT FROM " + literal(name) + " FROM_1X")
}

// owned gives a file to whom its predecessor belongs, or else its folder.
func (r *returning) owned(name string) error {
	info, err := os.Stat(r.at.file())
	mode := os.FileMode(0o600)
	if err == nil {
		mode = info.Mode().Perm()
	} else if info, err = os.Stat(filepath.Dir(name)); err != nil {
		return err
	}
	if err := os.Chmod(name, mode); err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return os.Chown(name, int(s.Uid), int(s.Gid))
	}
	return nil
}

func sync(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// clear removes what a database consists of.
func clear(p place) error {
	for _, end := range []string{suffix, ".trace.db", ".lock.db"} {
		if err := os.Remove(p.path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
