package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// console prints. What was asked for goes to standard output, everything else
// to standard error. Its methods may be called concurrently.
type console struct {
	out, err io.Writer
	json     bool
	quiet    bool
	verbose  int
	*screen
}

// screen is standard error. What several consoles of one process show on it
// does not get into each other's way.
type screen struct {
	f        *os.File
	terminal bool

	mu    sync.Mutex
	lines int      // of the progress that stands on the terminal now
	log   *os.File // of all that is said; nil where none is kept
}

func newScreen(f *os.File) *screen { return &screen{f: f, terminal: term.IsTerminal(int(f.Fd()))} }

// Write prints as it is; callers see to the progress that stands there.
func (s *screen) Write(p []byte) (int, error) { return s.f.Write(p) }

func newConsole(app *cli.App, json, quiet bool, verbose int) *console {
	s, ok := app.ErrWriter.(*screen)
	if !ok {
		s = newScreen(os.Stderr)
	}
	return &console{out: app.Writer, err: s, json: json, quiet: quiet, verbose: verbose, screen: s}
}

// begin reads the global flags and makes the console of a verb.
func begin(c *cli.Context) (global, *console, error) {
	g, err := readGlobal(c)
	out := newConsole(c.App, g.json, g.quiet, g.verbose)
	nameStopped(out)
	return g, out, err
}

// report prints what a verb returns: the value itself as JSON, or text.
func (c *console) report(value any, text func(w io.Writer)) error {
	c.clear()
	if c.json {
		return printJSON(c.out, value)
	}
	var b strings.Builder
	text(&b)
	_, err := io.WriteString(c.out, b.String())
	return err
}

// summary is report for what --quiet suppresses.
func (c *console) summary(value any, text func(w io.Writer)) error {
	if c.quiet && !c.json {
		c.clear()
		return nil
	}
	return c.report(value, text)
}

func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

// remark is a line beside the result, as JSON a line with a type.
type remark struct {
	Type    string `json:"type"`
	Path    string `json:"path,omitempty"`
	PathB64 string `json:"path_b64,omitempty"`
	Text    string `json:"text"`
}

// note prints a remark on standard error.
func (c *console) note(kind, path, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	c.record(kind, path, text)
	if c.json {
		r := remark{Type: kind, Text: text}
		r.Path, r.PathB64 = jsonPath(path)
		_ = printJSON(c.err, r) // nobody is left to tell
		return
	}
	if path != "" {
		text = showPath(path) + ": " + text
	}
	fmt.Fprintln(c.err, showText(text))
}

// notice says something that is no failure.
func (c *console) notice(path, text string) {
	if !c.quiet {
		c.note("notice", path, text)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.record("notice", path, text)
}

// finding names something that could not be done; the work goes on.
func (c *console) finding(path, text string) { c.note("finding", path, text) }

// fail prints the error that ends the process.
func (c *console) fail(err error, code int) {
	c.clear()
	c.mu.Lock()
	c.record("error", "", err.Error())
	c.mu.Unlock()
	if c.json {
		_ = printJSON(c.err, struct {
			Type    string `json:"type"`
			Code    int    `json:"code"`
			Message string `json:"message"`
		}{"error", code, strings.ToValidUTF8(err.Error(), "\uFFFD")}) // nobody is left to tell
		return
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		if i == 0 {
			line = "ivyvault: " + line
		}
		fmt.Fprintln(c.err, showText(line))
	}
}

// jsonPath returns a path for JSON, and its bytes where it is not UTF-8.
func jsonPath(p string) (text, b64 string) {
	if utf8.ValidString(p) {
		return p, ""
	}
	return strings.ToValidUTF8(p, "\uFFFD"), base64.StdEncoding.EncodeToString([]byte(p))
}
