package main

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"ivyvault/bench/data"
)

func disk(_ context.Context, s settings, say func(string, float64, string)) error {
	dir, err := os.MkdirTemp(s.disk, "ivyvault-limits-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, name := noise(s.size), filepath.Join(dir, "file")
	took, err := best(s.tries, func() error { return writeSynced(name, p) })
	if err != nil {
		return err
	}
	say("write and sync one file", speed(s.size, took), "GB/s")
	buf := make([]byte, 1<<20)
	took, err = best(s.tries, func() error { return readFile(name, buf) }, func() error { return forget(name) })
	if err != nil {
		return err
	}
	say("read it, dropped from the page cache before", speed(s.size, took), "GB/s")
	took, err = best(s.tries, func() error { return readFile(name, buf) })
	if err != nil {
		return err
	}
	say("read it out of the page cache", speed(s.size, took), "GB/s")
	small := p[:4096]
	const many = 50
	took, err = best(s.tries, func() error {
		for range many {
			if err := writeSynced(name, small); err != nil {
				return err
			}
		}
		return nil
	})
	say("write and sync 4 KiB", float64(took)/many/float64(time.Millisecond), "ms")
	return err
}

func writeSynced(name string, p []byte) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(p)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// forget asks the kernel to drop the file from its page cache, which any user
// may.
func forget(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

func readFile(name string, buf []byte) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if _, err := f.Read(buf); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// files walks, reads and copies the tiny files of the comparison.
func files(ctx context.Context, s settings, say func(string, float64, string)) error {
	dir, err := os.MkdirTemp(s.dir, "ivyvault-limits-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	from := filepath.Join(dir, "from")
	if err := data.Tiny(from, 1, s.files); err != nil {
		return err
	}
	each := func(what string, does func(path string, d fs.DirEntry) error) error {
		took, err := best(s.tries, func() error {
			return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return does(path, d)
			})
		})
		say(what, took.Seconds(), "s")
		return err
	}
	if err := each("walk with lstat, one thread", func(_ string, d fs.DirEntry) error {
		_, err := d.Info()
		return err
	}); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	if err := each("read all, one thread", func(path string, d fs.DirEntry) error {
		if d.IsDir() {
			return nil
		}
		return readFile(path, buf)
	}); err != nil {
		return err
	}
	to := filepath.Join(dir, "to")
	return each("copy all, one thread", func(path string, d fs.DirEntry) error {
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		p, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), p, 0o644)
	})
}
