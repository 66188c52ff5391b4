package h2

import (
	"archive/zip"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/h2/h2test"
)

func unzip(archive, dir string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		if err := unpack(f, filepath.Join(dir, f.Name)); err != nil {
			return err
		}
	}
	return nil
}

// Neither command line nor environment of the program shows user, password or
// URL, and no error repeats a wrong password.
func TestPasswordIsNeverSeen(t *testing.T) {
	name := filepath.Join(t.TempDir(), "db")
	h2test.Open(t, h2test.Version, "jdbc:h2:"+name).Close()
	seen := filepath.Join(t.TempDir(), "seen")
	java := filepath.Join(t.TempDir(), "java")
	real, err := exec.LookPath("java")
	if err != nil {
		t.Fatal(err)
	}
	// The shell becomes Java, so its own /proc entry is that of Java but for the first word.
	if err := os.WriteFile(java, []byte("#!/bin/sh\n{ cat /proc/$$/cmdline; env -u H2_TEST_PASSWORD; } >> "+seen+"\nexec "+real+" \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := part(t, "jdbc:h2:"+name)
	p.c.Java = java
	take(t, p)
	text, err := os.ReadFile(seen)
	if err != nil || !strings.Contains(string(text), "Link") {
		t.Fatalf("nothing was seen: %q, %v", text, err)
	}
	if strings.Contains(string(text), h2test.Password) {
		t.Error("the password is seen")
	}
	t.Setenv("H2_TEST_PASSWORD", "wr0ng-hush-hush")
	_, err = New(p.c, Env{Scratch: t.TempDir()}).Capture(t.Context())
	if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "password is wrong") {
		t.Errorf("got %v", err)
	}
}

// proxy passes a connection on and calls at once it passed so many bytes of
// answers.
func proxy(t *testing.T, to string, after int64, at func()) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				return
			}
			go func() { _, _ = io.Copy(s, c); s.Close() }()
			go func() {
				_, _ = io.CopyN(c, s, after)
				at()
				_, _ = io.Copy(c, s)
				c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestServerKilledInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	s := h2test.Serve(t, dir)
	c := h2test.Open(t, h2test.Version, "jdbc:h2:tcp://"+s.Address+"/db")
	fill(t, c, 5000)
	c.Close()
	p := part(t, "jdbc:h2:tcp://"+proxy(t, s.Address, 200<<10, s.Kill)+"/db")
	_, err := p.Capture(t.Context())
	if err == nil {
		t.Fatal("it succeeds")
	}
	if !strings.Contains(err.Error(), "H2 says") || !strings.Contains(err.Error(), "tcp://") {
		t.Errorf("got %v", err)
	}
	nothingLeft(t, p)
	if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "nobody answers") && !strings.Contains(err.Error(), "H2 says") {
		t.Errorf("a server that is gone: %v", err)
	}
}

// A server gives the script alone through the connection, and both where a
// folder is shared with it.
func TestServer(t *testing.T) {
	dir := t.TempDir()
	s := h2test.Serve(t, dir)
	url := "jdbc:h2:tcp://" + s.Address + "/db"
	c := h2test.Open(t, h2test.Version, url)
	fill(t, c, 1000)
	want := contents(t, c)
	p := part(t, url)
	from, facts := take(t, p)
	if len(facts.Notes) != 1 {
		t.Errorf("facts: %+v", facts)
	}
	back := part(t, "jdbc:h2:tcp://"+s.Address+"/other")
	put(t, back, from, sources.RestoreOptions{Facts: facts})
	same(t, want, contents(t, h2test.Open(t, h2test.Version, back.c.URL)))

	p.c.Exchange.Local = t.TempDir()
	from, facts = take(t, p)
	if len(facts.Notes) != 0 || len(facts.Checks) != 1 {
		t.Errorf("facts: %+v", facts)
	}
	if f, err := from.Open("db" + suffix); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	if names, _ := filepath.Glob(filepath.Join(p.c.Exchange.Local, "*")); len(names) > 0 {
		t.Errorf("left in the shared folder: %q", names)
	}
	// The two names of the folder are of different folders.
	p.c.Exchange.Server = t.TempDir()
	if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "exchange") {
		t.Errorf("got %v", err)
	}
}

func TestNoAdministrator(t *testing.T) {
	dir := t.TempDir()
	s := h2test.Serve(t, dir)
	c := h2test.Open(t, h2test.Version, "jdbc:h2:tcp://"+s.Address+"/db")
	h2test.Exec(t, c, "CREATE USER LOWLY PASSWORD '"+h2test.Password+"'")
	p := part(t, "jdbc:h2:tcp://"+s.Address+"/db")
	p.c.User = "LOWLY"
	if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "no administrator") {
		t.Errorf("got %v", err)
	}
}

func TestDamagedFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "db")
	c := h2test.Open(t, h2test.Version, "jdbc:h2:"+name)
	fill(t, c, 500)
	c.Close()
	p, err := os.ReadFile(name + suffix)
	if err != nil {
		t.Fatal(err)
	}
	clear := p[8192 : len(p)-4096]
	for i := range clear {
		clear[i] = 'x'
	}
	if err := os.WriteFile(name+suffix, p, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := part(t, "jdbc:h2:"+name)
	if _, err := broken.Capture(t.Context()); err == nil {
		t.Error("a damaged file is captured as a good one")
	} else {
		t.Log(err)
	}
	nothingLeft(t, broken)
	if err := os.Remove(name + suffix); err != nil {
		t.Fatal(err)
	}
	if _, err := broken.Capture(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// box makes an archive of one file.
func box(t *testing.T, archive, name string, content []byte) {
	t.Helper()
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// The engine dies when it is asked for its script: an error, and nothing is
// left in its folder; the next night takes what it left.
func TestEngineKilledInTheMiddle(t *testing.T) {
	name := filepath.Join(t.TempDir(), "db")
	url := "jdbc:h2:" + name + ";AUTO_SERVER=TRUE"
	engine := h2test.Open(t, h2test.Version, url)
	fill(t, engine, 200)
	h2test.Exec(t, engine, "CHECKPOINT SYNC")
	pid, err := holder(name + suffix)
	if err != nil || pid <= 0 {
		t.Fatalf("held by %d, %v", pid, err)
	}
	p := part(t, url)
	p.env.Log = func(line string) {
		if strings.Contains(line, "writes script") {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
			engine.Close()
		}
	}
	if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "H2 says") {
		t.Errorf("got %v", err)
	}
	nothingLeft(t, p)
	_, facts := take(t, part(t, url))
	if facts.Consistency != sources.Cold || facts.Counts["PUBLIC.ACCOUNTS"] != 200 {
		t.Errorf("facts: %+v", facts)
	}
}
