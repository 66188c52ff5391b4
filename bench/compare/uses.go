package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ivyvault/bench/proc"
	"ivyvault/bench/reading"
)

// listing is the first thing that a fresh mount is asked for.
func (w *work) listing() use {
	return use{[]string{"listing"}, func(ctx context.Context, w *work, e *entrant, m *mounted) error {
		job := proc.Job{Argv: []string{"sh", "-c", `ls -f "$1" | head -1 | grep -q .`, "sh", m.root}, Env: os.Environ()}
		u, _, err := proc.Run(ctx, job, w.limit)
		if err != nil {
			return err
		}
		note := fmt.Sprintf("mounted %.3f s after its start", m.ready.Seconds())
		w.put(e, "listing", note, float64(u.Wall)/float64(time.Millisecond), proc.Usage{}, nil)
		if w.set == "mixed" {
			w.put(e, "mounted", "", m.ready.Seconds(), proc.Usage{}, nil)
		}
		return nil
	}}
}

// find goes through everything: for "names" the directories tell all, for
// "stat" the attributes of each file are asked for. It must see all files.
func (w *work) find(row string, files int) use {
	test := []string{"-name", "*.json"}
	if row == "stat" {
		test = []string{"-type", "f", "-size", "-100M"}
	}
	return use{[]string{row}, func(ctx context.Context, w *work, e *entrant, m *mounted) error {
		argv := append([]string{"sh", "-c", `find "$@" -printf . | wc -c`, "sh", m.root}, test...)
		u, out, err := proc.Run(ctx, proc.Job{Argv: argv, Env: os.Environ()}, w.limit)
		if err != nil {
			return err
		}
		if n, err := strconv.Atoi(strings.TrimSpace(out)); err != nil || n != files {
			return fmt.Errorf("find saw %q files of %d", out, files)
		}
		w.put(e, row, "", u.Wall.Seconds(), proc.Usage{}, nil)
		return nil
	}}
}

// long reads long files twice: the second time out of what the mount and the
// kernel keep.
func (w *work) long(files []string) use {
	return use{[]string{"cold", "warm"}, func(ctx context.Context, w *work, e *entrant, m *mounted) error {
		note := w.chill()
		for _, row := range []string{"cold", "warm"} {
			r, err := w.read(ctx, reading.Plan{How: reading.Sequential, Root: m.root, Files: files})
			if err != nil {
				return err
			}
			w.put(e, row, note+cut(r), mb(r.Bytes)/r.Seconds, proc.Usage{}, nil)
		}
		return nil
	}}
}

// scattered reads four kilobytes here and there.
func (w *work) scattered(files []string) use {
	return use{[]string{"p50", "p99"}, func(ctx context.Context, w *work, e *entrant, m *mounted) error {
		note := w.chill()
		r, err := w.read(ctx, reading.Plan{How: reading.Random, Root: m.root, Like: w.source, Files: files, Count: 2000})
		if err != nil {
			return err
		}
		w.put(e, "p50", note+cut(r), r.P50, proc.Usage{}, nil)
		w.put(e, "p99", note+cut(r), r.P99, proc.Usage{}, nil)
		return nil
	}}
}

// small opens, reads and closes small files in their order.
func (w *work) small(row string, readers int, files []string) use {
	return use{[]string{row}, func(ctx context.Context, w *work, e *entrant, m *mounted) error {
		r, err := w.read(ctx, reading.Plan{How: reading.Small, Root: m.root, Like: w.source, Files: files, Readers: readers})
		if err != nil {
			return err
		}
		w.put(e, row, strings.TrimPrefix(cut(r), ", "), float64(r.Files)/r.Seconds, proc.Usage{}, nil)
		return nil
	}}
}

func cut(r reading.Result) string {
	if r.Incomplete {
		return fmt.Sprintf(", ended after %.0f s", r.Seconds)
	}
	return ""
}

// smallFiles returns the small files that are read, and how many there are.
func smallFiles(source string) (some []string, all int, err error) {
	const enough = 20000
	err = filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if all++; all <= enough {
			some = append(some, strings.TrimPrefix(path, source+"/"))
		}
		return nil
	})
	return some, all, err
}

// readWord makes this program a reader.
const readWord = "read"

// readingTime is how long a reader goes on: what it read until then counts.
const readingTime = 20 * time.Second

// read lets another process read, of which nothing counts for the mount.
func (w *work) read(ctx context.Context, p reading.Plan) (reading.Result, error) {
	var r reading.Result
	p.Limit = min(readingTime, w.limit)
	text, err := json.Marshal(p)
	if err != nil {
		return r, err
	}
	name := filepath.Join(w.cache, "plan.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return r, err
	}
	// Signals of Go's scheduler would interrupt reads, as those of no usual program do.
	env := append(os.Environ(), "GODEBUG=asyncpreemptoff=1")
	_, out, err := proc.Run(ctx, proc.Job{Argv: []string{w.self, readWord, name}, Env: env}, w.limit)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(out), &r)
}

// readPlan is the reader's side.
func readPlan(name string, out *os.File) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var p reading.Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	r, err := reading.Run(p)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}
