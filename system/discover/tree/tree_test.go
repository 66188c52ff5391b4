package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// made makes a container's file system in a folder of this machine.
func made(t *testing.T) string {
	root := t.TempDir()
	for _, d := range []string{"etc", "srv/data"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/f"), []byte("inside"), 0o644); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"abs": "/etc/f", "up": "../../../../etc/f", "a": "b", "b": "a", "dir": "/srv/data", "gone": "/nowhere"} {
		if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	big, err := os.Create(filepath.Join(root, "big"))
	if err == nil {
		err = errors.Join(big.Truncate(1<<40), big.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestLinksStayWithin(t *testing.T) {
	tr := Host(made(t))
	for name, want := range map[string]string{"/abs": "/etc/f", "/up": "/etc/f", "/dir/x": "/srv/data/x", "/etc/../etc/f": "/etc/f", "/gone": "/nowhere", "/": "/"} {
		if got, err := tr.Real(name); err != nil || got != want {
			t.Errorf("%s leads to %s (%v), want %s", name, got, err, want)
		}
	}
	for _, name := range []string{"/abs", "/up"} {
		if b, err := tr.Read(name); err != nil || string(b) != "inside" {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	if !tr.Same("/dir", "/srv/data") || tr.Same("/etc", "/srv") || !tr.IsDir("/dir") || tr.IsDir("/abs") || !tr.IsFile("/up") {
		t.Error("what is the same, or what is a folder, was told wrongly")
	}
	if m := tr.Match("/", "A*"); len(m) != 2 {
		t.Errorf("a* matches %v", m)
	}
}

func TestHostileFiles(t *testing.T) {
	tr := Host(made(t))
	for name, want := range map[string]string{
		"/a": "circle", "/pipe": "no plain file", "/big": "longer than", "/none": "does not exist", "/etc": "no plain file", "/gone": "does not exist",
		"/etc/f/below": "", "/a/b/c": "circle",
	} {
		_, err := tr.Read(name)
		var own *Error
		if !errors.As(err, &own) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "/") {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := tr.Read("/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
