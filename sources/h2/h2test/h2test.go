// Package h2test starts H2 databases for tests, in the ways in which engines
// use them: in a process of its own that lets others in or not, and as a
// server.
//
// Promise: a process ends with its test, and a test without H2's jar skips with
// a sentence.
package h2test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"ivyvault/sources/h2/link"
)

// Versions of the jars that setup fetches.
const (
	Version = "2.3.232"
	Old     = "1.4.200"
)

// User and Password are those of all databases here.
const (
	User     = "ENGINE"
	Password = "s3cret-höfl;ich"
)

// Jar returns the path of the jar of a version.
func Jar(t testing.TB, version string) string {
	t.Helper()
	dir := os.Getenv("IVYVAULT_TOOLS")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(home, ".cache", "ivyvault-tools")
	}
	jar := filepath.Join(dir, "h2-"+version+".jar")
	if _, err := os.Stat(jar); err != nil {
		t.Skipf("H2 %s is not there: make setup fetches its jar", version)
	}
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("there is no Java: make setup installs one")
	}
	return jar
}

// Open opens a database as an engine does. It ends with the test, or with its
// Close or Abort.
func Open(t testing.TB, version, url string) *link.Conn {
	t.Helper()
	c, err := link.Open(context.Background(), link.Login{Jar: Jar(t, version), Folder: t.TempDir(), URL: url, User: User, Password: Password})
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	t.Cleanup(c.Close)
	return c
}

// Exec runs statements that must succeed.
func Exec(t testing.TB, c *link.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := c.Exec(s); err != nil {
			t.Fatalf("%.200s: %v", s, err)
		}
	}
}

// Rows returns all rows of a query, a line each.
func Rows(t testing.TB, c *link.Conn, sql string) (out []string) {
	t.Helper()
	err := c.Query(sql, func(r []link.Cell) error {
		line := ""
		for _, cell := range r {
			if cell.Null {
				line += "NULL|"
			} else {
				line += fmt.Sprintf("%q|", cell.Text)
			}
		}
		out = append(out, line)
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// Server is a running H2 server.
type Server struct {
	Address string // host:port

	argv []string
	cmd  *exec.Cmd
	done chan struct{}
}

// Serve starts a server for the databases below dir.
func Serve(t testing.TB, dir string) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(address)
	s := &Server{Address: address, argv: []string{"java", "-XX:+UseSerialGC", "-cp", Jar(t, Version), "org.h2.tools.Server", "-tcp", "-tcpPort", port, "-baseDir", dir, "-ifNotExists"}}
	s.Launch(t)
	return s
}

// Launch starts the server, for the first time or over what Kill left.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	cmd, done := exec.Command(s.argv[0], s.argv[1:]...), make(chan struct{})
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := make(chan error)
	go func() {
		runtime.LockOSThread() // the kernel ends the child with this thread
		err := cmd.Start()
		began <- err
		if err == nil {
			_ = cmd.Wait() // it is killed
		}
		close(done)
	}()
	if err := <-began; err != nil {
		t.Fatal(err)
	}
	s.cmd, s.done = cmd, done
	t.Cleanup(s.Kill)
	for {
		c, err := net.Dial("tcp", s.Address)
		if err == nil {
			c.Close()
			return
		}
		select {
		case <-done:
			t.Fatal("the H2 server ended at once")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}
