package flowable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ivyvault/sources/postgres/pgtest"
)

var binary string // the program, built once

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ivyvault-flowable-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "ivyvault")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "ivyvault/cmd/ivyvault")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the program does not build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// host is a machine with a database server, the two programs and IvyVault.
type host struct {
	*testing.T
	*client
	dir string
	pg  *pgtest.Server
}

// start and stop are how an administrator starts and stops both programs.
const (
	startScript = `#!/bin/sh
set -e
cd "$(dirname "$0")"
run() { # name, then its words
	name=$1; shift
	[ -e "$name.pid" ] && kill -0 "$(cat "$name.pid")" 2>/dev/null && return
	setsid java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto "$@" >>"$name.log" 2>&1 </dev/null &
	echo $! >"$name.pid"
}
SPRING_DATASOURCE_PASSWORD=$(cat "%[1]s")
export SPRING_DATASOURCE_PASSWORD
run engine -Xmx320m -jar engine.jar
run content -Xmx128m -cp "%[2]s/content.jar:%[2]s/lib/*" claims.Content %[3]d "jdbc:postgresql://127.0.0.1:%[4]d/claims?currentSchema=content" %[5]s "%[6]s"
`
	stopScript = `#!/bin/sh
cd "$(dirname "$0")"
for name in engine content; do
	[ -e $name.pid ] || continue
	kill "$(cat $name.pid)" 2>/dev/null || true
	while kill -0 "$(cat $name.pid)" 2>/dev/null; do sleep 0.1; done
	rm -f $name.pid
done
`
	settings = `server.address=127.0.0.1
server.port=%d
spring.datasource.url=jdbc:postgresql://127.0.0.1:%d/claims?currentSchema=public
spring.datasource.username=%s
flowable.content.storage.root-folder=%s
flowable.database-schema=public
flowable.async-executor-activate=false
management.endpoint.health.show-components=always
`
	section = `version: 1
systems:
  claims:
    type: flowable
    mode: %[1]s
    home: %[2]s/home
    url: %[3]s
    databases:
      flowable:
        type: postgresql
        host: 127.0.0.1
        port: %[4]d
        database: claims
        user: %[5]s
        password: '{file:%[6]s}'
        sslmode: disable
    documents:
      content: {type: dir, path: %[2]s/content}
    directories:
      application: {path: %[2]s/home, exclude: ["*.log", "*.pid"]}
    hooks:
      stop: {command: [%[7]s], timeout: 1m}
      start: {command: [%[2]s/home/start.sh], timeout: 3m}
`
)

func newHost(t *testing.T) *host {
	pgtest.Need(t)
	need(t, "curl", "setsid", "bash")
	engine, content := programs(t)
	h := &host{T: t, dir: t.TempDir()}
	var err error
	h.pg, err = pgtest.Start()
	check(t, err)
	t.Cleanup(h.pg.Stop)
	h.sql("postgres", "CREATE DATABASE claims")
	h.sql("claims", "CREATE SCHEMA content")
	ports := [2]int{freePort(t), freePort(t)}
	h.client = &client{engine: fmt.Sprintf("http://127.0.0.1:%d", ports[0]), content: fmt.Sprintf("http://127.0.0.1:%d", ports[1])}
	root := h.path("content")
	h.write("home/config/application.properties", fmt.Sprintf(settings, ports[0], h.pg.Port, h.pg.User, root), 0o600)
	h.write("home/start.sh", fmt.Sprintf(startScript, h.pg.PasswordFile, content, ports[1], h.pg.Port, h.pg.User, root), 0o700)
	h.write("home/stop.sh", stopScript, 0o700)
	check(t, os.Symlink(engine, h.path("home/engine.jar")))
	h.write("password", "a repository's password", 0o600)
	for mode, stop := range map[string]string{"hot": "/home/stop.sh", "cold": "/home/stop.sh", "careless": ""} {
		command := h.dir + stop
		if stop == "" {
			command = "'true'"
		}
		m := mode
		if m == "careless" {
			m = "cold"
		}
		text := fmt.Sprintf(section, m, h.dir, h.engine, h.pg.Port, h.pg.User, h.pg.PasswordFile, command)
		if mode == "careless" {
			text = strings.Replace(text, "timeout: 1m", "timeout: 2s", 1)
		}
		h.write(mode+".yaml", text, 0o600)
	}
	t.Cleanup(h.killAll)
	h.script("home/start.sh")
	h.comesUp(t)
	return h
}

// as is the same host for a test within the test.
func (h *host) as(t *testing.T) *host {
	sub := *h
	sub.T = t
	return &sub
}

// killAll ends what start.sh has started.
func (h *host) killAll() {
	for _, name := range []string{"engine", "content"} {
		if pid := h.pid(name); pid != 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
		if log, err := os.ReadFile(h.path("home/" + name + ".log")); err == nil && h.Failed() {
			h.Logf("%s said: %s", name, log[max(0, len(log)-4000):])
		}
	}
}

// comesUp waits until both programs answer, and fails where one has ended.
func (h *host) comesUp(t *testing.T) {
	t.Helper()
	h.up(t, func() error {
		for _, name := range []string{"engine", "content"} {
			if pid := h.pid(name); pid == 0 || syscall.Kill(pid, 0) != nil {
				return fmt.Errorf("the program %s has ended", name)
			}
		}
		return nil
	})
}

// pid is the process of a program, 0 where none was started.
func (h *host) pid(name string) int {
	p, err := os.ReadFile(h.path("home/" + name + ".pid"))
	pid, aerr := strconv.Atoi(strings.TrimSpace(string(p)))
	if err != nil || aerr != nil || pid <= 1 {
		return 0
	}
	return pid
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) write(name, content string, mode os.FileMode) {
	h.Helper()
	check(h.T, os.MkdirAll(filepath.Dir(h.path(name)), 0o755))
	check(h.T, os.WriteFile(h.path(name), []byte(content), mode))
}

func (h *host) sql(database, statement string) {
	h.Helper()
	ctx := context.Background()
	conn, err := h.pg.Connect(ctx, database)
	check(h.T, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	check(h.T, err)
}

func (h *host) script(name string) {
	h.Helper()
	if out, err := exec.Command(h.path(name)).CombinedOutput(); err != nil {
		h.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// run runs a program with IvyVault's environment and returns what it said and
// how it ended.
func (h *host) run(argv ...string) (string, int) {
	h.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), "IVYVAULT_REPOSITORY="+h.path("repository"), "IVYVAULT_PASSWORD_FILE="+h.path("password"),
		"IVYVAULT_STATE_DIR="+h.path("state"), "XDG_CACHE_HOME="+h.path("cache"), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		h.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// ivyvault runs IvyVault and expects an exit code.
func (h *host) ivyvault(want int, args ...string) string {
	h.Helper()
	out, code := h.run(append([]string{binary}, args...)...)
	if code != want {
		h.Fatalf("ivyvault %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, out)
	}
	return out
}

// backup captures the system by one of the configurations.
func (h *host) backup(want int, mode string) string {
	h.Helper()
	return h.ivyvault(want, "backup", "--system", "claims", "--config", h.path(mode+".yaml"))
}
