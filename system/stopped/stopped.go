// Package stopped remembers systems that were stopped for a capture, so that
// none stays stopped in silence when the process that stopped it is killed.
//
// Promise: the record is on the disk before the system is stopped, and goes
// only after it was started.
package stopped

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Record says what was stopped, by whom, and how it is started.
type Record struct {
	System string        `json:"system"`
	Start  []string      `json:"start"` // the command's argument list
	Shell  bool          `json:"shell,omitempty"`
	Dir    string        `json:"dir,omitempty"`
	Limit  time.Duration `json:"timeout_ns,omitempty"`
	Boot   string        `json:"boot_id"`
	PID    int           `json:"pid"`
	// Began is when that process began, in the kernel's count since the machine
	// started: in containers, the next process often has the same number.
	Began uint64    `json:"pid_began,omitempty"`
	Time  time.Time `json:"time"`
}

// Folder is where records lie: not in the cache, which may be deleted at any
// time.
func Folder() string {
	if dir := os.Getenv("IVYVAULT_STATE_DIR"); dir != "" {
		return filepath.Join(dir, "stopped")
	}
	if os.Geteuid() == 0 {
		return "/var/lib/ivyvault/stopped"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "ivyvault", "stopped")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = os.TempDir()
	}
	return filepath.Join(home, ".local", "state", "ivyvault", "stopped")
}

const suffix = ".json"

func file(dir, system string) string {
	return filepath.Join(dir, strings.ReplaceAll(system, "/", "_")+suffix)
}

// Put writes the record to the disk. It fails where the system has one already:
// it was stopped and never started again.
func Put(dir string, r Record) error {
	r.Boot, r.PID, r.Time = bootID(), os.Getpid(), time.Now().UTC()
	r.Began, _ = began(r.PID) // without it, the number alone tells
	p, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the record of what is stopped can't be written, so nothing is stopped: %w", err)
	}
	f, err := os.OpenFile(file(dir, r.System), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the system %s was stopped before and not started again: 'ivyvault system resume %s' starts it", r.System, r.System)
	}
	if err != nil {
		return fmt.Errorf("the record of what is stopped can't be written, so nothing is stopped: %w", err)
	}
	_, err = f.Write(p)
	err = errors.Join(err, f.Sync(), f.Close(), sync(dir))
	if err != nil {
		return errors.Join(fmt.Errorf("the record of what is stopped can't be written, so nothing is stopped: %w", err), os.Remove(f.Name()))
	}
	return nil
}

func sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Drop removes the record of a system that was started.
func Drop(dir, system string) error {
	err := os.Remove(file(dir, system))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// List returns all records. One that can't be read is named by its file.
func List(dir string) ([]Record, error) {
	names, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Record
	for _, n := range names {
		if !strings.HasSuffix(n.Name(), suffix) {
			continue
		}
		p, err := os.ReadFile(filepath.Join(dir, n.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // its system was started meanwhile
		}
		var r Record
		if err != nil || json.Unmarshal(p, &r) != nil {
			r = Record{System: strings.TrimSuffix(n.Name(), suffix)}
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Record) int { return strings.Compare(a.System, b.System) })
	return out, nil
}

// Held reports whether the process that stopped the system still runs: it will
// start it itself.
func (r Record) Held() bool {
	if r.PID == 0 || r.Boot != bootID() {
		return false
	}
	at, runs := began(r.PID)
	return runs && (r.Began == 0 || r.Began == at)
}

// began returns when a process began, and whether it runs.
func began(pid int) (ticks uint64, runs bool) {
	p, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	// The name, in parentheses, may hold anything; the state is the first field
	// behind it, the begin the twentieth.
	fields := strings.Fields(string(p[bytes.LastIndexByte(p, ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return 0, false
	}
	ticks, err = strconv.ParseUint(fields[19], 10, 64)
	return ticks, err == nil
}

// String is a sentence for whoever runs IvyVault next.
func (r Record) String() string {
	if r.Held() {
		return fmt.Sprintf("the system %s has been stopped since %s for a backup that runs as process %d", r.System, when(r.Time), r.PID)
	}
	text := fmt.Sprintf("the system %s was stopped for a backup at %s, and that backup ended without starting it", r.System, when(r.Time))
	if boot := bootID(); r.Boot != "" && r.Boot != boot {
		text += "; the machine was restarted since, which may have started it"
	}
	return text + ": look whether it runs; 'ivyvault system resume " + r.System + "' starts it"
}

func when(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// bootID names this run of the machine; "" where it can't be told.
func bootID() string {
	p, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(p))
}
