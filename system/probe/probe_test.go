package probe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func answer(status int, body []byte) (string, error) {
	if status == 200 && string(body) == "fine" {
		return "fine", nil
	}
	return "", fmt.Errorf("status %d", status)
}

func TestHealth(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/well":
			fmt.Fprint(w, "fine")
		case "/away":
			http.Redirect(w, r, "/well", http.StatusFound)
		default:
			w.WriteHeader(503)
		}
	})
	clear, secure := httptest.NewServer(page), httptest.NewTLSServer(page)
	defer clear.Close()
	defer secure.Close()
	for _, c := range []struct{ url, said, err string }{
		{clear.URL + "/well", "fine", ""},
		{clear.URL + "/ill", "", "status 503"},
		{clear.URL + "/away", "", "status 302"},
		{secure.URL + "/well", Untrusted, ""},
		{"http://127.0.0.1:1/", "", "refused"},
		{"no url at all\x00", "", "invalid"},
	} {
		said, err := (&Engine{URLs: []string{c.url}, Answer: answer}).Health(t.Context())
		if !strings.Contains(said, c.said) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v", c.url, said, err)
		}
	}
	both := &Engine{URLs: []string{clear.URL + "/well", clear.URL + "/ill"}, Answer: answer}
	if _, err := both.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "/ill") {
		t.Errorf("one node of two that is ill: %v", err)
	}
	if _, err := (&Engine{}).Health(t.Context()); err == nil {
		t.Error("nothing was asked, and it is well")
	}
}

// A process counts as the home's by what it was started with, by where it
// works, and by what it has open; another folder's, or another program, not.
func TestJava(t *testing.T) {
	home := t.TempDir()
	other := home + "2"
	if err := errors.Join(os.MkdirAll(other, 0o755), os.WriteFile(filepath.Join(home, "held"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(other)
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	java := filepath.Join(t.TempDir(), "java")
	p, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(java, p, 0o755); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(filepath.Join(home, "held"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for _, c := range []struct {
		name string
		make func() *exec.Cmd
		want string
	}{
		{"works in it", func() *exec.Cmd { c := exec.Command(java, "60"); c.Dir = home; return c }, "works in"},
		{"has a file open", func() *exec.Cmd { c := exec.Command(java, "60"); c.Stdin = held; c.Dir = "/"; return c }, "open"},
		{"another folder", func() *exec.Cmd { c := exec.Command(java, "60"); c.Dir = other; return c }, ""},
		{"another program", func() *exec.Cmd { c := exec.Command(sleep, "60"); c.Dir = home; return c }, ""},
	} {
		cmd := c.make()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		list, err := Java(home)
		if err != nil || (len(list) > 0) != (c.want != "") || len(list) > 0 && (!strings.Contains(list[0].String(), c.want) || list[0].PID != cmd.Process.Pid) {
			t.Errorf("%s: %v, %v", c.name, list, err)
		}
		e := &Engine{Homes: []string{home}}
		if err := e.Stopped(t.Context(), 0); (err == nil) != (c.want == "") {
			t.Errorf("%s: stopped: %v", c.name, err)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
	if list, err := Java(filepath.Join(home, "nowhere")); err != nil || list != nil {
		t.Errorf("a home that is not there: %v, %v", list, err)
	}
}

func TestArguments(t *testing.T) {
	for _, c := range []struct {
		arg  string
		want bool
	}{
		{"/ivy", true}, {"-Divy=/ivy/bin", true}, {"-cp=/x:/ivy:/y", true}, {"/ivy2", false}, {"/a/ivy2:/ivy", true}, {"x", false},
	} {
		if names(c.arg, "/ivy") != c.want {
			t.Errorf("%s", c.arg)
		}
	}
	if got := shorten("-Durl=jdbc:x;password=geheim;at=/ivy"); strings.Contains(got, "geheim") {
		t.Errorf("a secret is told: %s", got)
	}
}

// A stop that takes a while is waited for; an end of the context ends it.
func TestStopped(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	e := &Engine{URLs: []string{s.URL}, Answer: answer}
	if err := e.Stopped(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "still answers (status 404)") {
		t.Errorf("what answers has stopped: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Stopped(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("the context has ended: %v", err)
	}
	go func() {
		time.Sleep(2 * between)
		s.Close()
	}()
	if err := e.Stopped(t.Context(), time.Minute); err != nil {
		t.Error(err)
	}
	if err := (&Engine{}).Stopped(t.Context(), 0); err == nil {
		t.Error("nothing could be looked at, and it has stopped")
	}
}

func TestChanged(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a/b")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if c, changed, err := Changed(t.Context(), dir, time.Now().Add(time.Hour)); changed || err != nil {
		t.Errorf("%v %v", c, err)
	}
	time.Sleep(20 * time.Millisecond) // the file system's clock has a grain
	since := time.Now()
	time.Sleep(20 * time.Millisecond)
	old := time.Now().Add(-time.Hour)
	if err := errors.Join(os.WriteFile(file, []byte("y"), 0o600), os.Chtimes(file, old, old)); err != nil { // as a program that unpacks sets it
		t.Fatal(err)
	}
	if c, changed, err := Changed(t.Context(), dir, since); !changed || err != nil || c.Path != file || c.Count != 1 {
		t.Errorf("%+v %v %v", c, changed, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if c, changed, err := Changed(t.Context(), dir, since); !changed || err != nil || c.Path != filepath.Dir(file) {
		t.Errorf("%+v %v %v", c, changed, err)
	}
	if _, _, err := Changed(t.Context(), filepath.Join(dir, "none"), since); err == nil {
		t.Error("a folder that is gone has not changed")
	}
}
