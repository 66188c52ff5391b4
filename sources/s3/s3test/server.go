// Package s3test starts a real server that speaks S3 for a test, on a folder of
// its own and a free port of this machine.
package s3test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Version of the server that .ci/setup installs.
const Version = "v1.8.0"

// Keys that the server takes.
const (
	AccessKey = "tester"
	SecretKey = "hush-hush-secret-key"
)

// Server is a running server.
type Server struct {
	URL  string
	Data string // holds the buckets as folders, the objects as files

	bin  string
	cmd  *exec.Cmd
	done chan struct{}
}

// program finds the server, or skips the test.
func program(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("IVYVAULT_TOOLS")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(home, ".cache", "ivyvault-tools")
	}
	bin := filepath.Join(cache, "versitygw-"+Version, "versitygw")
	if _, err := os.Stat(bin); err != nil {
		t.Skipf("versitygw %s is not installed: .ci/setup does that", Version)
	}
	return bin
}

// Start starts a server on a new folder; it ends with the test.
func Start(t *testing.T) *Server {
	t.Helper()
	bin := program(t)
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for _, sub := range []string{"meta", "data", "versions"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s := &Server{URL: "http://" + addr, Data: filepath.Join(dir, "data"), bin: bin}
	s.Launch(t)
	return s
}

// Launch starts the server, for the first time or over what Kill left.
func (s *Server) Launch(t *testing.T) {
	t.Helper()
	dir, addr := filepath.Dir(s.Data), strings.TrimPrefix(s.URL, "http://")
	cmd, done := exec.Command(s.bin, "--port", addr, "--quiet", "posix", "--versioning-dir", filepath.Join(dir, "versions"), "--sidecar", filepath.Join(dir, "meta"),
		"--default-etag", "d41d8cd98f00b204e9800998ecf8427e", s.Data), make(chan struct{})
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+AccessKey, "ROOT_SECRET_KEY="+SecretKey)
	out, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
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
	for range 600 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(out.Name())
	t.Fatalf("the server doesn't come up: %s", said)
}

// Kill ends the server at once, as a power cut does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.done
}
