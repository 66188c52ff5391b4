package arch

import (
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const program = "ivyvault/cmd/ivyvault"

// One file that runs anywhere is what somebody needs on the day of a restore.
func TestProgramIsStatic(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("static programs are promised for Linux")
	}
	bin := filepath.Join(t.TempDir(), "ivyvault")
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", bin, program)
	c.Dir, c.Env = top(t), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("the program must build without cgo, since it promises to run without any library: %v\n%s", err, out)
	}
	f, err := elf.Open(bin)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program asks for a dynamic linker, so it would not start on a machine with another C library")
		}
	}
	if libs, err := f.ImportedLibraries(); err != nil && !errors.Is(err, elf.ErrNoSymbols) || len(libs) > 0 {
		t.Errorf("the program needs libraries: %v (%v)", libs, err)
	}
}

// With cgo switched on, too, nothing outside the standard library may use it:
// else the program that the race detector sees would not be the one we ship.
func TestNoCgo(t *testing.T) {
	deps := golist(t, "CGO_ENABLED=1", "-deps", program)
	if len(deps) < 100 {
		t.Fatalf("only %d dependencies found", len(deps))
	}
	for _, p := range deps {
		if !p.Standard && len(p.CgoFiles) > 0 {
			t.Errorf("%s uses cgo in %v: the program must be one static file, and memory safe", p.ImportPath, p.CgoFiles)
		}
	}
}

// What proves the program must not be part of it.
func TestProgramHoldsNoTests(t *testing.T) {
	for _, p := range golist(t, "CGO_ENABLED=0", "-deps", program) {
		if p.ImportPath == "testing" || p.own() && strings.HasSuffix(p.ImportPath, "test") {
			t.Errorf("the program imports %s: conformance suites and faulty stores serve tests only", p.ImportPath)
		}
		if slices.Contains([]string{"ivyvault/repo/store/fault", "ivyvault/repo/store/crash", "ivyvault/repo/store/mem"}, p.ImportPath) {
			t.Errorf("the program imports %s: a store that loses data by design must not be within a user's reach", p.ImportPath)
		}
	}
}
