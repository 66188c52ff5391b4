// Package s3test starts a real server that speaks S3 for a test, on a folder of
// its own and a free port of this machine, and a proxy before it that counts
// requests and lets a test meddle with them.
package s3test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
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
	cmd  *exec.Cmd
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
	cmd := exec.Command(bin, "--port", addr, "--quiet", "posix", "--sidecar", filepath.Join(dir, "meta"), "--default-etag", "d41d8cd98f00b204e9800998ecf8427e", filepath.Join(dir, "data"))
	for _, sub := range []string{"meta", "data"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+AccessKey, "ROOT_SECRET_KEY="+SecretKey)
	out, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &Server{URL: "http://" + addr, Data: filepath.Join(dir, "data"), cmd: cmd}
	t.Cleanup(s.Kill)
	for range 600 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(out.Name())
	t.Fatalf("the server doesn't come up: %s", said)
	return nil
}

// Kill ends the server at once, as a power cut does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()
}

// Proxy stands before a server.
type Proxy struct {
	URL string

	mu     sync.Mutex
	paths  []string
	Before func(r *http.Request)        // is called before a request goes on; may be nil
	Body   func(r *http.Response) error // may change an answer; may be nil
}

// Before makes a proxy before a server's URL; it ends with the test.
func Before(t *testing.T, to string) *Proxy {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{}
	rp := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = u.Scheme, u.Host
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if p.Body != nil {
				return p.Body(r)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, context.Canceled) {
				return
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.paths = append(p.paths, r.Method+" "+r.URL.RequestURI())
		p.mu.Unlock()
		if p.Before != nil {
			p.Before(r)
		}
		rp.ServeHTTP(w, r)
	})}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	p.URL = "http://" + l.Addr().String()
	return p
}

// Paths returns methods and URIs of what passed since it was called last.
func (p *Proxy) Paths() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.paths
	p.paths = nil
	return list
}
