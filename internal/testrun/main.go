// Command testrun reads what 'go test -json' prints and shows what a person
// wants of it: Go's closing line of each package, the output of what failed,
// and how many tests passed, failed and skipped, each skip with its reason.
//
// It exits 1 where something failed, where nothing ran, and, with CI=true,
// where a test skipped for a reason that is not in the list below. So a test
// that needs a program which the machine lacks can't pass unseen.
//
// With -figures it also prints what passing tests logged.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// accepted are the beginnings of the reasons for which a test may skip in CI:
// none is something that setup could have installed.
func accepted() []string {
	return []string{
		"root ",                // what root is never refused can't be tested as root
		"runs only as a child", // a test's own subprocess
		"this is a child",
		"set IVYVAULT_LARGE", // a large case: make test-large runs it
		"a large test: ",
		"the race detector ", // what it disturbs: make test-large runs without it
		"-update ",           // not a test: it makes the expected files anew
	}
}

func main() {
	figures := flag.Bool("figures", false, "print what passing tests logged")
	flag.Parse()
	r := run{out: os.Stdout, figures: *figures, strict: os.Getenv("CI") == "true", logs: map[test][]string{}}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		os.Exit(1)
	}
	if !r.close() {
		os.Exit(1)
	}
}

// event is a line of 'go test -json'.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

type test struct{ pkg, name string }

type run struct {
	out     io.Writer
	figures bool
	strict  bool
	logs    map[test][]string // output of what is still running

	passed, failed int
	skipped        []skip
}

type skip struct {
	test
	reason string
}

func (r *run) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *run) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil {
		fmt.Fprint(r.out, line) // not of the tests: the go command itself speaks
		return
	}
	at := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "build-fail":
		r.failed++
	case "output":
		if e.Test == "" && closing(e.Output) {
			fmt.Fprint(r.out, e.Output)
			return
		}
		r.logs[at] = append(r.logs[at], e.Output)
	case "pass", "fail", "skip":
		r.end(at, e.Action)
		delete(r.logs, at)
	}
}

// closing tells whether a package's line is the one that sums it up.
func closing(s string) bool {
	return strings.HasPrefix(s, "ok  \t") || strings.HasPrefix(s, "FAIL\t")
}

// end counts a test that ended, or a package, whose name is empty.
func (r *run) end(at test, how string) {
	log := r.logs[at]
	switch {
	case how == "fail":
		r.show(at, log)
		r.failed++
	case at.name == "":
	case how == "pass":
		r.passed++
		if own := logged(log); r.figures && len(own) > 0 {
			r.show(at, own)
		}
	case how == "skip":
		r.skipped = append(r.skipped, skip{at, reason(log)})
	}
}

func (r *run) show(at test, log []string) {
	if len(log) == 0 {
		return
	}
	fmt.Fprintf(r.out, "=== %s %s\n%s", at.pkg, at.name, strings.Join(log, ""))
}

// logged returns the lines of a test that are its own and not the runner's.
func logged(log []string) []string {
	var own []string
	for _, l := range log {
		t := strings.TrimLeft(l, " ")
		if !strings.HasPrefix(t, "=== ") && !strings.HasPrefix(t, "--- ") {
			own = append(own, l)
		}
	}
	return own
}

// reason is what the skipping test said, without the place where it said it.
func reason(log []string) string {
	s := strings.TrimSpace(strings.Join(logged(log), ""))
	if at := strings.Index(s, ".go:"); at >= 0 {
		if _, said, found := strings.Cut(s[at+len(".go:"):], ": "); found {
			return said
		}
	}
	return s
}

// close prints the sum and tells whether the run is a success.
func (r *run) close() bool {
	refused := 0
	for _, s := range r.skipped {
		word := "skipped"
		if r.strict && !allowed(s.reason) {
			word = "SKIPPED, which CI=true does not allow"
			refused++
		}
		fmt.Fprintf(r.out, "%s: %s %s: %s\n", word, s.pkg, s.name, s.reason)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed+refused, len(r.skipped)-refused)
	if r.passed == 0 {
		fmt.Fprintln(r.out, "no test ran")
		return false
	}
	return r.failed+refused == 0
}

func allowed(reason string) bool {
	for _, a := range accepted() {
		if strings.HasPrefix(reason, a) {
			return true
		}
	}
	return false
}
