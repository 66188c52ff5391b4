package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// listed is what the go command says of a package.
type listed struct {
	Dir          string
	ImportPath   string
	Name         string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
	CgoFiles     []string
	Doc          string
	Module       *struct{ Path string }
}

// own tells whether the package is of this module.
func (l listed) own() bool { return l.Module != nil && l.Module.Path == module }

// top returns the folder of the tree.
func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// golist runs 'go list -json' with more arguments at the top of the tree.
func golist(t *testing.T, env string, args ...string) []listed {
	t.Helper()
	all, err := list(top(t), env, args...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func list(dir, env string, args ...string) ([]listed, error) {
	c := exec.Command("go", append([]string{"list", "-json"}, args...)...)
	c.Dir, c.Env = dir, append(os.Environ(), env)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", c, err, &stderr)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		err := d.Decode(&l)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
}

// listOnce asks once for all tests.
var listOnce = sync.OnceValues(func() ([]listed, error) {
	return list(filepath.Join("..", ".."), "CGO_ENABLED=0", "-tags", "large", "./...")
})

// packages returns those of this module, with the files of the large tests.
func packages(t *testing.T) []listed {
	t.Helper()
	all, err := listOnce()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d packages found", len(all))
	}
	return all
}
