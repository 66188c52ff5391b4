// Package mysqltest runs a private MariaDB server for tests: in a folder of its
// own, on a port of its own, as an unprivileged user, and no longer than the
// process that started it.
package mysqltest

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
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a running server.
type Server struct {
	Dir          string // holds everything; goes with Stop
	Socket       string
	Port         int    // on 127.0.0.1
	User         string // may do everything
	Password     string
	PasswordFile string

	options string
	argv    []string
	cred    *syscall.Credential
	cmd     *exec.Cmd
	done    chan struct{}
}

const daemon = "/usr/sbin/mariadbd"

// Need skips a test where no server is installed.
func Need(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(daemon); err != nil {
		t.Skip("MariaDB is not installed: .ci/setup installs it")
	}
}

// Start makes and starts a server; options are as on mariadbd's command line.
func Start(options ...string) (_ *Server, err error) {
	dir, err := os.MkdirTemp("", "ivyvault-my-")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, Socket: filepath.Join(dir, "sock"), User: "keeper", Password: `Se"cr\et#'` + rand.Text()[:8],
		PasswordFile: filepath.Join(dir, "password"), options: filepath.Join(dir, "options.cnf")}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s.Password)
	setup := filepath.Join(dir, "setup.sql")
	for name, text := range map[string]string{
		s.PasswordFile: s.Password + "\n",
		setup:          "CREATE OR REPLACE USER keeper@'%' IDENTIFIED BY '" + quoted + "';\nGRANT ALL ON *.* TO keeper@'%' WITH GRANT OPTION;\n",
		s.options:      "[client]\nuser=keeper\npassword=\"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.Password) + "\"\nsocket=" + s.Socket + "\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	s.cred, err = s.credential(setup)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	install := exec.Command("mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	install.Dir, install.SysProcAttr = dir, &syscall.SysProcAttr{Credential: s.cred}
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mariadb-install-db: %w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.Port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	s.argv = append([]string{"--no-defaults", "--datadir=" + data, "--socket=" + s.Socket, "--port=" + strconv.Itoa(s.Port), "--bind-address=127.0.0.1",
		"--pid-file=" + filepath.Join(dir, "pid"), "--init-file=" + setup, "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M",
		"--innodb-log-file-size=16M", "--skip-name-resolve", "--character-set-server=utf8mb4"}, options...)
	return s, s.Launch()
}

// credential gives the folder to the user that the server will run as.
func (s *Server) credential(setup string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("mysql")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2, os.Chown(s.Dir, uid, gid), os.Chown(setup, uid, gid))
}

// Launch starts the server, for the first time or over what Kill left.
func (s *Server) Launch() error {
	log, err := os.Create(filepath.Join(s.Dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(daemon, s.argv...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.Dir, log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setpgid: true, Pdeathsig: syscall.SIGKILL}
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
	for range 600 {
		if _, err := s.Query(context.Background(), "", "SELECT 1"); err == nil {
			return nil
		}
		select {
		case <-s.done:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("the server ended: %s", text)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("the server accepts no connections")
}

// Query runs statements and returns what the client prints.
func (s *Server) Query(ctx context.Context, database, statements string) (string, error) {
	cmd := exec.CommandContext(ctx, "mariadb", "--defaults-extra-file="+s.options, "--default-character-set=utf8mb4", "--batch", "--skip-column-names", "--database="+database)
	cmd.Stdin = strings.NewReader(statements)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, said.String())
	}
	return string(out), nil
}

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.done
	}
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	s.Kill()
	_ = os.RemoveAll(s.Dir) // a test's temporary folder
}
