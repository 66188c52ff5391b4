// Package azuretest starts Azurite, a server that speaks the protocol of Azure
// Blob Storage, for a test, on a folder of its own and a free port of this
// machine.
package azuretest

import (
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Version of the server that .ci/setup installs.
const Version = "3.35.0"

// Account and Key are those that every Azurite has; they protect nothing.
const (
	Account = "devstoreaccount1"
	Key     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Server is a running server.
type Server struct {
	URL string // of the account

	argv []string
	dir  string
	cmd  *exec.Cmd
	done chan struct{}
}

func program(t *testing.T) (node, script string) {
	t.Helper()
	cache := os.Getenv("IVYVAULT_TOOLS")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(home, ".cache", "ivyvault-tools")
	}
	script = filepath.Join(cache, "azurite-"+Version, "node_modules", "azurite", "dist", "src", "blob", "main.js")
	_, missing := os.Stat(script)
	node, err := exec.LookPath("node")
	if missing != nil || err != nil {
		t.Skipf("Azurite %s is not installed: .ci/setup does that", Version)
	}
	return node, script
}

// Start starts a server on a new folder; it ends with the test.
func Start(t *testing.T) *Server {
	t.Helper()
	node, script := program(t)
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{URL: "http://" + addr + "/" + Account, dir: dir, argv: []string{node, script, "--blobHost", "127.0.0.1", "--blobPort", port, "--location", dir, "--silent",
		"--disableTelemetry", "--skipApiVersionCheck", "--disableProductStyleUrl"}}
	s.Launch(t)
	return s
}

// Launch starts the server, for the first time or over what Kill left.
func (s *Server) Launch(t *testing.T) {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	cmd, done := exec.Command(s.argv[0], s.argv[1:]...), make(chan struct{})
	cmd.Dir = s.dir
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
	for range 1200 {
		if c, err := net.Dial("tcp", u.Host); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("Azurite doesn't come up")
}

// Kill ends the server at once, as a power cut does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.done
}
