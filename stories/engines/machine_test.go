package engines

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"ivyvault/sources/h2/h2test"
)

// machine is an engine that can be stopped and started as vendors' scripts do:
// a Java process that holds a database of its home, and a face that answers.
type machine struct {
	t       *testing.T
	Control string // URL: /start and /stop
	Address string // of the face
	home    string
	jdbc    string // what the Java process holds
	handler http.Handler
	secure  bool

	mu    sync.Mutex
	face  *httptest.Server
	java  *exec.Cmd
	stdin io.WriteCloser
	gone  chan struct{}
	lies  bool // the stop leaves the process alone
	stops int
}

func newMachine(t *testing.T, home, jdbc string, secure bool, handler http.Handler) *machine {
	t.Helper()
	m := &machine{t: t, home: home, jdbc: jdbc, handler: handler, secure: secure}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	m.Address = l.Addr().String()
	check(t, l.Close())
	control := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		switch r.URL.Path {
		case "/stop":
			m.stops++
			m.end(!m.lies)
		case "/start":
			if err := m.begin(); err != nil {
				http.Error(w, err.Error(), 500)
			}
		}
	}))
	m.Control = control.URL
	t.Cleanup(func() {
		control.Close()
		m.halt()
	})
	return m
}

// Port is the face's.
func (m *machine) Port() string {
	_, port, _ := net.SplitHostPort(m.Address)
	return port
}

func (m *machine) begin() error {
	if m.face == nil {
		l, err := net.Listen("tcp", m.Address)
		if err != nil {
			return err
		}
		m.face = httptest.NewUnstartedServer(m.handler)
		m.face.Config.ErrorLog = log.New(io.Discard, "", 0) // certificates that are not trusted are what is tested
		check(m.t, m.face.Listener.Close())
		m.face.Listener = l
		if m.secure {
			m.face.StartTLS()
		} else {
			m.face.Start()
		}
	}
	if m.java != nil {
		return nil
	}
	cmd := exec.Command("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dengine.home="+m.home, "-cp", h2test.Jar(m.t, h2test.Version), "org.h2.tools.Shell", "-url", m.jdbc, "-user", "wso2carbon", "-password", "wso2carbon")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	began := make(chan error)
	gone := make(chan struct{})
	go func() {
		runtime.LockOSThread() // the kernel ends the child with this thread
		began <- cmd.Start()
		_, _ = io.Copy(io.Discard, out) // it ends with the process
		_ = cmd.Wait()
		close(gone)
	}()
	if err := <-began; err != nil {
		return err
	}
	m.java, m.stdin, m.gone = cmd, in, gone
	return nil
}

func (m *machine) end(java bool) {
	if m.face != nil {
		m.face.Close()
		m.face = nil
	}
	if m.java != nil && java {
		_, _ = fmt.Fprintln(m.stdin, "exit") // it may have ended
		_ = m.stdin.Close()
		<-m.gone
		m.java = nil
	}
}

// script writes the vendor's script that starts and stops the engine.
func (m *machine) script(name string) {
	m.t.Helper()
	put(m.t, filepath.Join(m.home, name), "#!/bin/sh\nexec curl -fsS "+m.Control+"/$1\n", 0o755)
}

// runs reports how often it was stopped, and whether all of it runs.
func (m *machine) runs() (stops int, yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stops, m.java != nil && m.face != nil
}

// answers reports whether it shows its face.
func (m *machine) answers() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.face != nil
}

// halt ends it without its script.
func (m *machine) halt() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.end(true)
}

// lie has stops leave the process alone, or no longer.
func (m *machine) lie(yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lies = yes
}

// start starts it by that script.
func (m *machine) start(h *host, name string) {
	m.t.Helper()
	if r := h.exec(filepath.Join(m.home, name), "start"); r.code != 0 {
		m.t.Fatal(r)
	}
}
