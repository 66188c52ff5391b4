package systems

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// binary is the path of the program, built once for all stories.
var binary string

func TestMain(m *testing.M) {
	if from := os.Getenv(loopFrom); from != "" {
		os.Exit(serveLoop(from, os.Getenv(loopTo)))
	}
	// Servers are waited for more than anything is computed.
	flag.Parse()
	if n, err := strconv.Atoi(flag.Lookup("test.parallel").Value.String()); err == nil && n < 4 {
		_ = flag.Set("test.parallel", "4") // it is a number
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ivyvault-stories-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "ivyvault")
	// Users have it without cgo and without the race detector.
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "ivyvault/cmd/ivyvault")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the program does not build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
