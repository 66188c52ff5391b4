package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// keepLog has all that is said from now on written to a file, too, one line
// each with its time, so that what a scheduled run said can be read later. It is
// the file of log-file in the configuration. The file is appended to.
func (s *screen) keepLog(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("the log file of the configuration can't be written: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = f
	return nil
}

// record writes a line to the log file, where there is one. The caller holds
// the screen's lock. A log that can't be written must not end a backup.
func (s *screen) record(kind, path, text string) {
	if s.log == nil {
		return
	}
	if path != "" {
		text = showPath(path) + ": " + text
	}
	line := strings.ReplaceAll(showText(text), "\n", " / ")
	_, _ = fmt.Fprintf(s.log, "%s %d %s: %s\n", time.Now().UTC().Format("2006-01-02T15:04:05Z"), os.Getpid(), kind, line)
}

// entry writes a line of the verb's own to the log file.
func (s *screen) entry(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record("run", "", text)
}
