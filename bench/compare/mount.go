package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ivyvault/bench/proc"
)

// mounted is a mount that a program serves.
type mounted struct {
	proc  *proc.Process
	at    string
	root  string        // where the source's files are
	ready time.Duration // from the program's start until the mount was there
}

// mount starts a program's mount at a directory that has never been one.
func (w *work) mount(ctx context.Context, e *entrant) (*mounted, error) {
	at, err := os.MkdirTemp(w.cache, "mount-")
	if err != nil {
		return nil, err
	}
	job, root, err := e.tool.Mount(ctx, e.place, at)
	if err != nil {
		return nil, err
	}
	m := &mounted{at: at, root: root}
	if m.proc, err = proc.Start(job); err != nil {
		return nil, err
	}
	for {
		there, err := isMounted(at)
		if there {
			m.ready = time.Since(m.proc.Begun())
			return m, nil
		}
		late := time.Since(m.proc.Begun()) > w.limit
		ended := false
		select {
		case <-m.proc.Done():
			ended = true
		case <-ctx.Done():
			late = true
		case <-time.After(time.Millisecond):
		}
		if err != nil || late || ended {
			m.proc.Kill()
			_, said, ends := m.proc.Wait(ctx, time.Minute)
			if late {
				ends = &proc.TimeoutError{Program: e.tool.Program, Limit: w.limit}
			}
			m.detach()
			return nil, errors.Join(err, fmt.Errorf("no mount: %w: %s", errors.Join(ends, errors.New("it ended")), strings.TrimSpace(said)))
		}
	}
}

// isMounted reports whether something is mounted at dir.
func isMounted(dir string) (bool, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, err
	}
	return mountedIn(table, dir), nil
}

// mountedIn looks for dir, a path without spaces, in a table of mounts.
func mountedIn(table []byte, dir string) bool {
	for line := range bytes.Lines(table) {
		if f := bytes.Fields(line); len(f) > 4 && string(f[4]) == dir {
			return true
		}
	}
	return false
}

// ending is how long a mount may take to end by itself.
const ending = 20 * time.Second

// close ends the mount as users do, and by force where that does not help.
func (m *mounted) close(ctx context.Context) proc.Usage {
	if err := unix.Unmount(m.at, 0); err != nil {
		_ = m.proc.Signal(os.Interrupt)
	}
	u, _, _ := m.proc.Wait(context.WithoutCancel(ctx), ending)
	m.detach()
	return u
}

func (m *mounted) detach() {
	if there, err := isMounted(m.at); err == nil && there {
		if err := unix.Unmount(m.at, unix.MNT_DETACH); err != nil {
			_, _, _ = proc.Run(context.Background(), proc.Job{Argv: []string{"fusermount3", "-u", "-z", m.at}, Env: os.Environ()}, ending)
		}
	}
	_ = os.Remove(m.at)
}

// use is one thing to do with a fresh mount.
type use struct {
	rows []string
	does func(ctx context.Context, w *work, e *entrant, m *mounted) error
}

// mounts does each use with every program, on a fresh mount each, and then
// tells the peak of memory over all of them.
func (w *work) mounts(ctx context.Context, uses ...use) error {
	peaks := map[*entrant]proc.Usage{}
	for _, u := range uses {
		var rows []string
		for _, r := range u.rows {
			rows = append(rows, w.set+"."+r)
		}
		if !w.wants(append(rows, w.set+".mountmemory")...) {
			continue
		}
		err := w.each(ctx, func(e *entrant) {
			if e.tool.Mount == nil || w.slow[e.tool.Name+" "+rows[0]] {
				return
			}
			took, err := w.useOnce(ctx, e, u)
			var late *proc.TimeoutError
			if errors.As(err, &late) {
				w.slow[e.tool.Name+" "+rows[0]] = true
			}
			if err != nil {
				for _, r := range u.rows {
					w.put(e, r, "", 0, took, err)
				}
			}
			peaks[e] = peaks[e].Plus(took)
		})
		if err != nil {
			return err
		}
	}
	for _, e := range w.entered {
		if p, ok := peaks[e]; ok && w.set != "many" {
			w.put(e, "mountmemory", "", mb(p.Anon), p, nil)
		}
	}
	return nil
}

func (w *work) useOnce(ctx context.Context, e *entrant, u use) (proc.Usage, error) {
	m, err := w.mount(ctx, e)
	if err != nil {
		return proc.Usage{}, err
	}
	err = u.does(ctx, w, e, m)
	return m.close(ctx), err
}

// longFiles returns the files that are read from their beginning to their end,
// below the source.
func longFiles(source string) ([]string, error) {
	var names []string
	for _, pattern := range []string{"dump/*", "events/*", "applications/*/*.iar"} {
		some, err := filepath.Glob(filepath.Join(source, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range some {
			names = append(names, strings.TrimPrefix(path, source+"/"))
		}
	}
	return names, nil
}
