package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"ivyvault/bench/reading"
)

const (
	longSize  = 512 << 20
	smallSize = 1500
	smallMany = 20000
	forever   = 24 * time.Hour
)

// constant is a file system that knows all its answers beforehand: "long" is a
// long file, s0, s1 and so on are small ones.
type constant struct {
	fuse.RawFileSystem
	data []byte
}

var _ fuse.RawFileSystem = (*constant)(nil)

const longID = 2 // small files follow it

func sizeOf(id uint64) uint64 {
	if id == longID {
		return longSize
	}
	return smallSize
}

func attributes(a *fuse.Attr, id uint64) {
	*a = fuse.Attr{Ino: id, Mode: fuse.S_IFREG | 0o644, Nlink: 1, Size: sizeOf(id), Blksize: 128 << 10}
	if id == fuse.FUSE_ROOT_ID {
		a.Mode, a.Size = fuse.S_IFDIR|0o755, 0
	}
}

// Lookup knows a small file by its number.
func (c *constant) Lookup(_ <-chan struct{}, _ *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	out.NodeId = longID
	if name != "long" {
		var n uint64
		if _, err := fmt.Sscanf(name, "s%d", &n); err != nil {
			return fuse.ENOENT
		}
		out.NodeId = longID + 1 + n
	}
	attributes(&out.Attr, out.NodeId)
	out.SetEntryTimeout(forever)
	out.SetAttrTimeout(forever)
	return fuse.OK
}

// GetAttr tells what Lookup told.
func (c *constant) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	attributes(&out.Attr, in.NodeId)
	out.SetTimeout(forever)
	return fuse.OK
}

// Open tells the kernel not to ask again.
func (c *constant) Open(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status { return fuse.ENOSYS }

// Flush does so too.
func (c *constant) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.ENOSYS }

// Read returns the same bytes everywhere.
func (c *constant) Read(_ <-chan struct{}, in *fuse.ReadIn, _ []byte) (fuse.ReadResult, fuse.Status) {
	size := sizeOf(in.NodeId)
	n := min(uint64(in.Size), size-min(size, in.Offset))
	return fuse.ReadResultData(c.data[:n]), fuse.OK
}

// serve serves the file system until its mount is gone. It is a process of its
// own, as the mounts that it is a limit for are.
func serve(dir string) error {
	c := &constant{RawFileSystem: fuse.NewDefaultRawFileSystem(), data: make([]byte, 1<<20)}
	s, err := fuse.NewServer(c, dir, &fuse.MountOptions{
		Name: "constant", FsName: "constant", MaxWrite: 1 << 20, MaxBackground: 32, DisableSplice: true,
		DirectMount: os.Geteuid() == 0, Options: []string{"ro"}, DirectMountFlags: syscall.MS_RDONLY,
	})
	if err != nil {
		return err
	}
	s.Serve()
	return nil
}

// serveWord makes this program the server.
const serveWord = "serve-constant"

// mountConstant starts a server and returns how to end it.
func mountConstant(dir string) (end func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, serveWord, dir)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end = func() error {
		err := unix.Unmount(dir, 0)
		if err != nil {
			err = exec.Command("fusermount3", "-u", dir).Run()
		}
		if err != nil {
			err = errors.Join(err, cmd.Process.Kill())
		}
		return errors.Join(err, cmd.Wait())
	}
	for range 5000 {
		if _, err := os.Stat(filepath.Join(dir, "long")); err == nil {
			return end, nil
		}
		time.Sleep(time.Millisecond)
	}
	return nil, fmt.Errorf("no mount: %w: %s", errors.Join(end(), errors.New("it does not answer")), said.String())
}

// readAhead is what the mount is told to read ahead, as IvyVault does where it
// may; others leave what the kernel offers.
func readAhead(dir string, kib int) error {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return err
	}
	name := fmt.Sprintf("/sys/class/bdi/%d:%d/read_ahead_kb", unix.Major(st.Dev), unix.Minor(st.Dev))
	return os.WriteFile(name, fmt.Appendf(nil, "%d\n", kib), 0)
}

func served(ctx context.Context, s settings, say func(string, float64, string)) error {
	var small []string
	for i := range smallMany {
		small = append(small, fmt.Sprint("s", i))
	}
	long := reading.Plan{How: reading.Sequential, Files: []string{"long"}}
	for _, c := range []struct {
		what  string
		ahead int // KiB; 0 leaves it
		plan  reading.Plan
		value func(r reading.Result) float64
		unit  string
	}{
		{"sequential, requests of the kernel's own size", 0, long, megabytes, "MB/s"},
		{"sequential, requests of 1 MiB", 1024, long, megabytes, "MB/s"},
		{"random 4 KiB, p50", 0, reading.Plan{How: reading.Random, Files: long.Files, Count: 5000}, p50, "ms"},
		{"small files, one reader", 0, reading.Plan{How: reading.Small, Files: small, Readers: 1}, perSecond, "1/s"},
		{"small files, eight readers", 0, reading.Plan{How: reading.Small, Files: small, Readers: 8}, perSecond, "1/s"},
	} {
		var top float64
		for i := range s.tries {
			r, err := once(c.plan, c.ahead, s.patience)
			if err != nil {
				return fmt.Errorf("%s: %w", c.what, err)
			}
			v := c.value(r)
			if i == 0 || (c.unit == "ms") == (v < top) {
				top = v
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		say(c.what, top, c.unit)
	}
	return nil
}

func megabytes(r reading.Result) float64 { return float64(r.Bytes) / 1e6 / r.Seconds }
func p50(r reading.Result) float64       { return r.P50 }
func perSecond(r reading.Result) float64 { return float64(r.Files) / r.Seconds }

// once carries out a plan on a fresh mount. The reader is this process: the
// server is another one.
func once(p reading.Plan, ahead int, patience time.Duration) (r reading.Result, err error) {
	dir, err := os.MkdirTemp("", "ivyvault-limits-mount-")
	if err != nil {
		return r, err
	}
	defer os.Remove(dir)
	end, err := mountConstant(dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, end()) }()
	if ahead > 0 {
		if err := readAhead(dir, ahead); err != nil {
			return r, err
		}
	}
	p.Root, p.Limit = dir, patience
	return reading.Run(p)
}
