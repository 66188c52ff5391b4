package probe

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Process is a process of this machine.
type Process struct {
	PID int
	Why string // what it has to do with the home
}

func (p Process) String() string { return fmt.Sprintf("the Java process %d (%s)", p.PID, p.Why) }

// Java returns the Java processes that work with a home: that were started in
// it, name it, or have files of it open. Files of others' processes can't be
// seen; what they were started with can.
func Java(home string) ([]Process, error) {
	real, err := filepath.EvalSymlinks(home)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("the processes of this machine can't be listed: %w", err)
	}
	var found []Process
	for _, n := range names {
		pid, err := strconv.Atoi(n.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if why := of(filepath.Join("/proc", n.Name()), home, real); why != "" {
			found = append(found, Process{pid, why})
		}
	}
	return found, nil
}

// of tells what a process has to do with the home, "" where nothing. A process
// that ends meanwhile has nothing to do with it.
func of(proc, home, real string) string {
	line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	args := bytes.Split(bytes.TrimRight(line, "\x00"), []byte{0})
	if err != nil || len(args[0]) == 0 {
		return ""
	}
	exe, _ := os.Readlink(filepath.Join(proc, "exe")) // unreadable for others' processes
	if !java(string(args[0])) && !java(exe) {
		return ""
	}
	for _, a := range args {
		if names(string(a), home) || names(string(a), real) {
			return "started with " + shorten(string(a))
		}
	}
	if cwd, err := os.Readlink(filepath.Join(proc, "cwd")); err == nil && within(real, cwd) {
		return "works in " + cwd
	}
	open, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return ""
	}
	for _, f := range open {
		if to, err := os.Readlink(filepath.Join(proc, "fd", f.Name())); err == nil && within(real, to) {
			return "has " + to + " open"
		}
	}
	return ""
}

func java(program string) bool {
	name := filepath.Base(program)
	return name == "java" || strings.HasPrefix(name, "java.") || name == "jsvc"
}

// names reports whether an argument has the folder in it: /ivy is in
// -Divy=/ivy/bin and not in /ivy2.
func names(arg, folder string) bool {
	for {
		i := strings.Index(arg, folder)
		if i < 0 {
			return false
		}
		arg = arg[i+len(folder):]
		if arg == "" || strings.ContainsRune("/:;, \"'", rune(arg[0])) {
			return true
		}
	}
}

func within(folder, path string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

// shorten keeps what may hold a secret out of sight: only the beginning, and
// nothing behind an equals sign but a path.
func shorten(arg string) string {
	if key, value, ok := strings.Cut(arg, "="); ok && !strings.HasPrefix(value, "/") {
		arg = key + "=…"
	}
	if len(arg) > 120 {
		arg = strings.ToValidUTF8(arg[:120], "") + "…"
	}
	return arg
}
