package h2

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// HeldError says that a database's file is open in a process that lets nobody
// else in.
type HeldError struct {
	File string
	PID  int // 0 where the system doesn't tell
	Why  string
}

func (e *HeldError) Error() string {
	by := "another process"
	if e.PID > 0 {
		by = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s is held by %s, and %s: a copy of it could be torn, so none was made. Stop the engine for its backup, or put AUTO_SERVER=TRUE into its JDBC URL", e.File, by, e.Why)
}

// holder asks the system who holds the lock that H2 takes on a file while it
// has it open. It takes none itself, so no engine that starts meanwhile is
// disturbed. -1 is nobody, 0 a holder without a number.
func holder(file string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil {
		return 0, fmt.Errorf("whether a process has %s open can't be found out: %w", file, err)
	}
	if lock.Type == unix.F_UNLCK {
		return -1, nil
	}
	return int(max(0, lock.Pid)), nil
}

// ways tells how the database can be reached.
type ways struct {
	held   bool
	pid    int
	server string // what lets others in: "host:port/id", from the lock file
}

// look finds out who has a database's file open. The engine's lock file says
// under which address it lets others in; the lock on the file itself says
// whether that is still true, since a lock file stays where an engine dies.
func look(p place) (ways, error) {
	pid, err := holder(p.file())
	if errors.Is(err, fs.ErrNotExist) {
		if exists(p.path + ".h2.db") {
			return ways{}, errPageStore
		}
		return ways{}, fmt.Errorf("there is no database file %s: is the path in the URL that of the engine? %w", p.file(), err)
	}
	if err != nil || pid < 0 {
		return ways{}, err
	}
	w := ways{held: true, pid: pid}
	text, err := os.ReadFile(p.path + ".lock.db")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return w, fmt.Errorf("the lock file of the database: %w", err)
	}
	props := properties(text)
	if props["server"] != "" && props["id"] != "" {
		w.server = props["server"] + "/" + props["id"]
	}
	return w, nil
}

// properties reads the few lines that H2 writes into a lock file.
func properties(text []byte) map[string]string {
	out := map[string]string{}
	for line := range bytes.Lines(text[:min(len(text), 1<<16)]) {
		s := strings.TrimSpace(string(line))
		key, value, ok := strings.Cut(s, "=")
		if !ok || strings.HasPrefix(s, "#") {
			continue
		}
		out[key] = strings.NewReplacer(`\:`, ":", `\=`, "=", `\\`, `\`).Replace(value)
	}
	return out
}
