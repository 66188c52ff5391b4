package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	const (
		pass   = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
		figure = `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: 12 MB\n"}` + "\n"
		runner = `{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}` + "\n"
		ok     = `{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}` + "\n"
		broken = `{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:9: differs\n"}` + "\n" +
			`{"Action":"fail","Package":"p","Test":"TestB"}` + "\n"
		died = `{"Action":"output","Package":"p","Output":"panic: boom\n"}` + "\n" +
			`{"Action":"fail","Package":"p"}` + "\n"
		compile = `{"Action":"build-output","ImportPath":"p","Output":"p/x.go:1: no\n"}` + "\n" +
			`{"Action":"build-fail","ImportPath":"p"}` + "\n"
	)
	skipped := func(why string) string {
		return `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:3: ` + why + `\n"}` + "\n" +
			`{"Action":"output","Package":"p","Test":"TestC","Output":"--- SKIP: TestC (0.00s)\n"}` + "\n" +
			`{"Action":"skip","Package":"p","Test":"TestC"}` + "\n"
	}
	for _, c := range []struct {
		name            string
		in              string
		figures, strict bool
		good            bool
		has, hasNot     string
	}{
		{name: "all pass", in: runner + figure + pass + ok, good: true, has: "ok  \tp\t0.1s\n1 passed, 0 failed, 0 skipped\n", hasNot: "12 MB"},
		{name: "figures", in: runner + figure + pass + ok, figures: true, good: true, has: "=== p TestA\n    a_test.go:7: 12 MB\n", hasNot: "RUN"},
		{name: "a failure", in: pass + broken, has: "differs\n1 passed, 1 failed"},
		{name: "a package that died", in: pass + died, has: "panic: boom"},
		{name: "a package that does not compile", in: pass + compile, has: "p/x.go:1: no"},
		{name: "nothing ran", in: ok, has: "no test ran"},
		{name: "a skip by hand", in: pass + skipped("rsync is not installed"), good: true, has: "skipped: p TestC: rsync is not installed\n1 passed, 0 failed, 1 skipped"},
		{name: "a skip in CI", in: pass + skipped("rsync is not installed"), strict: true, has: "1 passed, 1 failed, 0 skipped"},
		{name: "an accepted skip in CI", in: pass + skipped("root reads everything"), strict: true, good: true, has: "1 passed, 0 failed, 1 skipped"},
		{name: "words of the go command", in: "go: downloading\n" + pass, good: true, has: "go: downloading\n"},
		{name: "no newline at the end", in: strings.TrimSuffix(pass, "\n"), good: true, has: "1 passed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			r := run{out: &out, figures: c.figures, strict: c.strict, logs: map[test][]string{}}
			if err := r.read(strings.NewReader(c.in)); err != nil {
				t.Fatal(err)
			}
			if good := r.close(); good != c.good {
				t.Errorf("success is %v, want %v", good, c.good)
			}
			if !strings.Contains(out.String(), c.has) {
				t.Errorf("no %q in:\n%s", c.has, &out)
			}
			if c.hasNot != "" && strings.Contains(out.String(), c.hasNot) {
				t.Errorf("%q in:\n%s", c.hasNot, &out)
			}
		})
	}
}
