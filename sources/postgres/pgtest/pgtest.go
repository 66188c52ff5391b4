// Package pgtest runs a private PostgreSQL server for tests: in a folder of its
// own, on a port of its own, as an unprivileged user, and no longer than the
// process that started it.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running server.
type Server struct {
	Dir          string // holds everything, the socket too; goes with Stop
	Port         int    // on 127.0.0.1 and of the socket
	User         string // superuser
	Password     string
	PasswordFile string

	settings []string
	cmd      *exec.Cmd
	done     chan struct{}
}

// Programs returns the folder of the newest PostgreSQL server that is
// installed, "" where there is none.
func Programs() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	best, dir := 0, ""
	for _, f := range found {
		if v, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(f)))); err == nil && v > best {
			best, dir = v, filepath.Dir(f)
		}
	}
	return dir
}

// Need skips a test where no server is installed.
func Need(t testing.TB) {
	t.Helper()
	if Programs() == "" {
		t.Skip("PostgreSQL is not installed: .ci/setup installs it")
	}
}

// Start makes and starts a server; settings are as in postgresql.conf.
func Start(settings ...string) (_ *Server, err error) {
	dir, err := os.MkdirTemp("", "ivyvault-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, User: "postgres", Password: "Se:cr\\et'" + rand.Text()[:8], PasswordFile: filepath.Join(dir, "password"), settings: settings}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if err := os.WriteFile(s.PasswordFile, []byte(s.Password+"\n"), 0o600); err != nil {
		return nil, err
	}
	cred, err := s.credential()
	if err != nil {
		return nil, err
	}
	init := exec.Command(filepath.Join(Programs(), "initdb"), "-D", filepath.Join(dir, "data"), "-N", "-E", "UTF8", "--locale=C.UTF-8",
		"-U", s.User, "--auth=scram-sha-256", "--pwfile="+s.PasswordFile)
	init.Dir, init.SysProcAttr = dir, &syscall.SysProcAttr{Credential: cred}
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	if s.Port, err = freePort(); err != nil {
		return nil, err
	}
	return s, s.start(cred)
}

// credential gives the folder to the user that the server will run as.
func (s *Server) credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: false},
		errors.Join(err1, err2, os.Chown(s.Dir, uid, gid), os.Chown(s.PasswordFile, uid, gid))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func (s *Server) start(cred *syscall.Credential) error {
	argv := []string{"-D", filepath.Join(s.Dir, "data"), "-p", strconv.Itoa(s.Port), "-k", s.Dir,
		// Tests kill servers: what these share lies in their folder, not where it would stay.
		"-c", "listen_addresses=127.0.0.1", "-c", "dynamic_shared_memory_type=mmap", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=40"}
	for _, set := range s.settings {
		argv = append(argv, "-c", set)
	}
	log, err := os.Create(filepath.Join(s.Dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(filepath.Join(Programs(), "postgres"), argv...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.Dir, log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	s.done = make(chan struct{})
	started := make(chan error)
	go func() {
		// The signal comes when this thread ends, so it is kept until the server ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(s.done)
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // how it ended is of no interest
		}
	}()
	if err := <-started; err != nil {
		s.cmd = nil
		return err
	}
	return s.ready()
}

func (s *Server) ready() error {
	for range 600 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		conn, err := s.Connect(ctx, "postgres")
		if err == nil {
			err = conn.Close(ctx)
			cancel()
			return err
		}
		cancel()
		select {
		case <-s.done:
			log, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
			return fmt.Errorf("the server ended: %s", log)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("the server accepts no connections")
}

// Connect connects as the superuser.
func (s *Server) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	return s.ConnectAs(ctx, database, s.User, s.Password)
}

// ConnectAs connects as any user.
func (s *Server) ConnectAs(ctx context.Context, database, name, password string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig("host=127.0.0.1 sslmode=disable")
	if err != nil {
		return nil, err
	}
	cfg.Port, cfg.Database, cfg.User, cfg.Password = uint16(s.Port), database, name, password
	return pgx.ConnectConfig(ctx, cfg)
}

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.done
	}
}

// Launch starts the server again, on the same port, over what Kill left.
func (s *Server) Launch() error {
	cred, err := s.credential()
	if err != nil {
		return err
	}
	// Its sessions notice by and by that it is gone, and hold its memory until then.
	for range 100 {
		if err = s.start(cred); err == nil {
			return nil
		}
		s.Kill()
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	s.Kill()
	_ = os.RemoveAll(s.Dir) // a test's temporary folder
}
