package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Record is one measurement.
type Record struct {
	At      time.Time `json:"at"`
	Row     string    `json:"row"`
	Round   int       `json:"round"`
	Tool    string    `json:"tool"`
	Version string    `json:"version"`
	Value   float64   `json:"value"` // in the row's unit; 0 where Error is set
	Unit    string    `json:"unit"`
	CPU     float64   `json:"cpu_s,omitempty"`
	Anon    float64   `json:"anon_mb,omitempty"` // peak of RssAnon+RssShmem
	RSS     float64   `json:"rss_mb,omitempty"`
	Size    float64   `json:"data"`  // of the set: its scale or number of files
	Place   string    `json:"place"` // the file system that it was done on
	Note    string    `json:"note,omitempty"`
	Error   string    `json:"error,omitempty"`
	Commit  string    `json:"commit"` // of IvyVault
	Machine string    `json:"machine"`
}

// Set returns the set of data that a row belongs to.
func Set(row string) string {
	set, _, _ := strings.Cut(row, ".")
	return set
}

// Log writes the records of one set to its file.
type Log struct{ f *os.File }

// Create begins a set's file in dir anew.
func Create(dir, set string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, set+".jsonl"))
	if err != nil {
		return nil, err
	}
	return &Log{f}, nil
}

// Add writes one record at once, so that a run that is broken off keeps what
// it has.
func (l *Log) Add(r Record) error {
	line, err := json.Marshal(r)
	if err == nil {
		_, err = l.f.Write(append(line, '\n'))
	}
	return err
}

// Close closes the file.
func (l *Log) Close() error { return l.f.Close() }

// Load reads the records of a set out of dir; none is no error.
func Load(dir, set string) ([]Record, error) {
	text, err := os.ReadFile(filepath.Join(dir, set+".jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

// Parse reads lines of JSON.
func Parse(text []byte) ([]Record, error) {
	var all []Record
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var r Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, r)
	}
	return all, lines.Err()
}
