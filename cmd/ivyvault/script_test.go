package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ivyvault/sources/axonserver/axontest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ivyvault": main})
}

// TestStories runs the stories below testdata/script against the program as a
// process of its own. Beside the commands of testscript they use:
//
//	exits CODE COMMAND...   run it and want this exit code
//	flip DIR                change a byte in the middle of the largest file below DIR
//	cut DIR                 halve that file
//	drop DIR                remove that file
//	axonstore DIR           write a real event store of Axon Server below DIR
//	axonflip FILE AT        change the byte at that place of a file
//	shape FILE              print to stdout which fields a JSON value has, and of which type
//	field FILE PATH NAME    put a JSON value's field into the variable NAME
//	entry FILE TYPE NAME    put the number of the first log entry of the type into the variable NAME
//
// With UPDATE_STORIES=1 the golden parts are rewritten.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: os.Getenv("UPDATE_STORIES") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("IVYVAULT_REPOSITORY", filepath.Join(e.WorkDir, "repo"))
			e.Setenv("IVYVAULT_PASSWORD", "correct horse")
			e.Setenv("IVYVAULT_CACHE_DIR", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"flip":  func(ts *testscript.TestScript, _ bool, args []string) { flip(ts, largest(ts, args)) },
			"cut":   func(ts *testscript.TestScript, _ bool, args []string) { halve(ts, largest(ts, args)) },
			"drop":  func(ts *testscript.TestScript, _ bool, args []string) { ts.Check(os.Remove(largest(ts, args))) },
			"axonstore": func(ts *testscript.TestScript, _ bool, args []string) {
				axontest.WriteDir(t, axontest.Real(t), ts.MkAbs(args[0]))
			},
			"axonflip": axonflip,
			"shape":    func(ts *testscript.TestScript, _ bool, args []string) { shape(ts, args) },
			"entry":    func(ts *testscript.TestScript, _ bool, args []string) { entry(ts, args) },
			"field":    func(ts *testscript.TestScript, _ bool, args []string) { field(ts, args) },
		},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func largest(ts *testscript.TestScript, args []string) string {
	best, size := "", int64(-1)
	err := filepath.WalkDir(ts.MkAbs(args[0]), func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > size {
			best, size = p, info.Size()
		}
		return err
	})
	ts.Check(err)
	if best == "" {
		ts.Fatalf("there is no file below %s", args[0])
	}
	return best
}

func flip(ts *testscript.TestScript, path string) {
	data, err := os.ReadFile(path)
	ts.Check(err)
	data[len(data)/2] ^= 1
	replace(ts, path, data)
}

func axonflip(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	data[at] ^= 1
	replace(ts, path, data)
}

func halve(ts *testscript.TestScript, path string) {
	data, err := os.ReadFile(path)
	ts.Check(err)
	replace(ts, path, data[:len(data)/2])
}

func replace(ts *testscript.TestScript, path string, data []byte) {
	ts.Check(os.Remove(path))
	ts.Check(os.WriteFile(path, data, 0o400))
}

// shape writes down what fields a JSON value has, whatever their values.
func shape(ts *testscript.TestScript, args []string) {
	seen := map[string]bool{}
	var v any
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	if err := d.Decode(&v); err != nil {
		ts.Fatalf("no JSON: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		ts.Fatalf("more than one JSON value")
	}
	describe("", v, seen)
	var all []string
	for s := range seen {
		all = append(all, s)
	}
	sort.Strings(all)
	_, err := fmt.Fprintln(ts.Stdout(), strings.Join(all, "\n"))
	ts.Check(err)
}

func describe(at string, v any, seen map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if _, err := strconv.Atoi(k); err == nil {
				k = "NUMBER"
			}
			describe(at+"."+k, x, seen)
		}
	case []any:
		if len(v) == 0 {
			seen[at+"[] empty"] = true
		}
		for _, x := range v {
			describe(at+"[]", x, seen)
		}
	case string:
		seen[at+" string"] = true
	case float64:
		seen[at+" number"] = true
	case bool:
		seen[at+" bool"] = true
	case nil:
		seen[at+" null"] = true
	}
}

// entry looks into what 'debug log --json' printed. Which number an entry has
// depends on how long a backup takes: a slow one tells the log that it runs.
func entry(ts *testscript.TestScript, args []string) {
	var v struct {
		Entries []struct {
			Number uint64
			Type   string
		}
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	for _, e := range v.Entries {
		if e.Type == args[1] {
			ts.Setenv(args[2], fmt.Sprint(e.Number))
			return
		}
	}
	ts.Fatalf("the log has no %s", args[1])
}

// field finds a.b.0.c in a JSON value.
func field(ts *testscript.TestScript, args []string) {
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &v); err != nil {
		ts.Fatalf("no JSON: %v", err)
	}
	for _, step := range strings.Split(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			ts.Check(err)
			v = x[i]
		}
	}
	ts.Setenv(args[2], fmt.Sprint(v))
}
