package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine says what was measured, and on what.
type machine struct {
	Commit string // of the work tree, with "+" where it was changed
	Text   string
}

func thisMachine(ctx context.Context) (machine, error) {
	var m machine
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*").Output()
	m.Commit = strings.TrimSpace(string(out))
	if err != nil || m.Commit == "" {
		m.Commit = "unknown"
	}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m, err
	}
	mem, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return m, err
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return m, err
	}
	m.Text = fmt.Sprintf("%d cores of %s, %s, Linux %s", runtime.NumCPU(), cpuName(string(cpu)), memorySize(string(mem)), unix.ByteSliceToString(u.Release[:]))
	return m, nil
}

func cpuName(cpuinfo string) string {
	if m := regexp.MustCompile(`(?m)^model name\s*: (.+)$`).FindStringSubmatch(cpuinfo); m != nil {
		return m[1]
	}
	return runtime.GOARCH
}

func memorySize(meminfo string) string {
	var kib int64
	if m := regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`).FindStringSubmatch(meminfo); m != nil {
		_, _ = fmt.Sscan(m[1], &kib)
	}
	return fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
}

// fileSystem names the kind of file system that dir is on.
func fileSystem(dir string) (string, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return "", &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	switch s.Type {
	case unix.TMPFS_MAGIC:
		return "tmpfs", nil
	case unix.EXT4_SUPER_MAGIC:
		return "ext4", nil
	case unix.XFS_SUPER_MAGIC:
		return "xfs", nil
	case unix.BTRFS_SUPER_MAGIC:
		return "btrfs", nil
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlayfs", nil
	}
	return fmt.Sprintf("file system %#x", s.Type), nil
}

// chill empties the page cache, where that means something: files of a memory
// file system stay, and only root may ask. It returns a note on what was done.
func (b *bench) chill() string {
	if b.where == "tmpfs" {
		return "repository in memory"
	}
	unix.Sync()
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("1\n"), 0); err != nil {
		return "page cache kept"
	}
	return "page cache dropped"
}
