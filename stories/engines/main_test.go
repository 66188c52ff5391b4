package engines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"ivyvault/sources/mysql/mysqltest"
	"ivyvault/sources/opensearch/opensearchtest"
	"ivyvault/sources/postgres/pgtest"
)

// tools is the folder of the program, built once for all stories; servers are
// started by who needs them first.
var (
	tools    string
	postgres = sync.OnceValues(func() (*pgtest.Server, error) { return pgtest.Start() })
	mariadb  = sync.OnceValues(func() (*mysqltest.Server, error) { return mysqltest.Start() })
	search   = sync.OnceValues(func() (*opensearchtest.Server, error) { return opensearchtest.Start(context.Background()) })
	running  sync.Map // what has been started, by kind: a func() that stops it
)

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ivyvault-engines-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	defer running.Range(func(_, stop any) bool { stop.(func())(); return true })
	tools = dir
	build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "ivyvault"), "ivyvault/cmd/ivyvault")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the program does not build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func postgresServer(t *testing.T) *pgtest.Server {
	t.Helper()
	pgtest.Need(t)
	s, err := postgres()
	check(t, err)
	running.Store("postgres", s.Stop)
	return s
}

func mariadbServer(t *testing.T) *mysqltest.Server {
	t.Helper()
	mysqltest.Need(t)
	s, err := mariadb()
	check(t, err)
	running.Store("mariadb", s.Stop)
	return s
}

func searchServer(t *testing.T) *opensearchtest.Server {
	t.Helper()
	s, err := search()
	if missing := new(opensearchtest.MissingError); errors.As(err, &missing) {
		t.Skip(missing)
	}
	check(t, err)
	running.Store("search", func() { _ = s.Stop() })
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
