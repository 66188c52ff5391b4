package main

import (
	"fmt"
	"sync"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/backup"
)

// backupWatch shows how far a backup is.
type backupWatch struct {
	out   *console
	began time.Time

	mu       sync.Mutex
	told     time.Time // when the last line of JSON was printed
	findings int
}

var _ backup.Observer = (*backupWatch)(nil)

func newBackupWatch(out *console) *backupWatch {
	return &backupWatch{out: out, began: time.Now()}
}

// Finding names a file that could not be read.
func (w *backupWatch) Finding(f repo.Finding) {
	w.mu.Lock()
	w.findings++
	w.mu.Unlock()
	w.out.finding(findingPath(f), f.What)
}

// Notice passes a remark on.
func (w *backupWatch) Notice(path, what string) { w.out.notice(path, what) }

// Progress draws the state of the moment.
func (w *backupWatch) Progress(p backup.Progress) {
	w.mu.Lock()
	findings := w.findings
	tell := w.out.json && !w.out.quiet && time.Since(w.told) >= time.Second
	if tell {
		w.told = time.Now()
	}
	w.mu.Unlock()
	passed := time.Since(w.began)
	if tell {
		w.out.status(backupStatus{"status", p.Files, p.Dirs, p.Bytes, p.BytesRead, passed.Seconds()})
		return
	}
	rate := float64(p.BytesRead) / max(passed.Seconds(), 0.001)
	line := fmt.Sprintf("[%s] %s, %s seen, %s read, %s/s", clock(passed), plural(p.Files, "file", "files"), size(p.Bytes), size(p.BytesRead), size(int64(rate)))
	line += remaining(passed, p.Bytes, p.Expected)
	if findings > 0 {
		line += ", " + plural(int64(findings), "finding", "findings")
	}
	w.out.draw(line, "/"+showPath(p.Current))
}

// backupStatus is the line of JSON that tells how far a backup is.
type backupStatus struct {
	Type      string  `json:"type"`
	Files     int64   `json:"files"`
	Dirs      int64   `json:"dirs"`
	Bytes     int64   `json:"bytes"`
	BytesRead int64   `json:"bytes_read"`
	Seconds   float64 `json:"seconds"`
}

// status prints a line of JSON on standard error.
func (c *console) status(value any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = printJSON(c.err, value) // nobody is left to tell
}

// findingPath returns a finding's path with its own bytes.
func findingPath(f repo.Finding) string {
	if f.PathB64 == "" {
		return f.Path
	}
	return decodePath(f.PathB64, f.Path)
}
