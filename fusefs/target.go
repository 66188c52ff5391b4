package fusefs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// A TargetError says why a directory can't be mounted on, and what to do.
type TargetError struct {
	Dir string
	How string
}

func (e *TargetError) Error() string { return fmt.Sprintf("%q %s", e.Dir, e.How) }

// target returns the absolute path of dir, without symbolic links, as the table
// of mounts tells it, having made sure that it can be mounted on.
func target(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return dir, err
	}
	_, err = os.Stat(dir)
	if errors.Is(err, syscall.ENOTCONN) {
		if err := unmount(dir, true); err != nil {
			return dir, &TargetError{dir, fmt.Sprintf("holds a mount whose process is gone, and it can't be taken away: %v; "+
				"run 'fusermount3 -uz' or 'umount -l' on it", err)}
		}
		_, err = os.Stat(dir)
	}
	if errors.Is(err, os.ErrNotExist) {
		return dir, &TargetError{dir, "does not exist: make the directory first"}
	}
	if err != nil {
		return dir, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return dir, err
	}
	if mounted, err := mountAt(dir); err == nil && mounted != nil && strings.HasPrefix(mounted.fsType, "fuse") {
		return dir, &TargetError{dir, "has a mount already (" + mounted.fsType + "): unmount it or take another directory"}
	}
	return dir, checkEmpty(dir)
}

func checkEmpty(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	switch _, err := f.Readdirnames(1); {
	case err == nil:
		return &TargetError{dir, "is not empty: take an empty directory, since a mount would hide what is in it"}
	case err == io.EOF:
		return nil
	case errors.Is(err, syscall.ENOTDIR):
		return &TargetError{dir, "is no directory: take an empty directory"}
	default:
		return err
	}
}

// mounted is a line of the table of mounts.
type mounted struct {
	device string // major:minor
	fsType string
}

// mountAt returns the mount on dir that is on top, nil where there is none. It
// does not touch the directory.
func mountAt(dir string) (*mounted, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found *mounted
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		// id parent major:minor root where options … - type device options
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || unescapeMount(fields[4]) != dir {
			continue
		}
		for i, f := range fields {
			if f == "-" && i+1 < len(fields) {
				found = &mounted{device: fields[2], fsType: fields[i+1]}
				break
			}
		}
	}
	return found, lines.Err()
}

// unescapeMount undoes how the table of mounts writes blanks: \040.
func unescapeMount(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			var c int
			if _, err := fmt.Sscanf(s[i+1:i+4], "%3o", &c); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// raiseReadAhead tells the kernel to read ahead more, which root may. Where it
// can't be told the mount is only slower.
func raiseReadAhead(dir string, kib int) {
	at, err := mountAt(dir)
	if err != nil || at == nil {
		return
	}
	name := filepath.Join("/sys/class/bdi", at.device, "read_ahead_kb")
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = fmt.Fprintf(f, "%d\n", kib)
}

// unmount takes a mount away, lazily where it may be in use.
func unmount(dir string, lazy bool) error {
	flags, option := 0, "-u"
	if lazy {
		flags, option = syscall.MNT_DETACH, "-uz"
	}
	err := syscall.Unmount(dir, flags)
	if err == nil {
		return nil
	}
	for _, program := range []string{"fusermount3", "fusermount"} {
		path, lookErr := exec.LookPath(program)
		if lookErr != nil {
			continue
		}
		out, runErr := exec.Command(path, option, "--", dir).CombinedOutput()
		if runErr == nil {
			return nil
		}
		err = fmt.Errorf("%s: %s", program, strings.TrimSpace(string(out)))
	}
	return fmt.Errorf("unmount %q: %w", dir, err)
}
