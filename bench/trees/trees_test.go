package trees

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func plant(t *testing.T) string {
	dir := t.TempDir()
	day := time.Unix(1700000000, 0)
	for name, content := range map[string]string{"a/one": "first", "a/two": "second", "b": ""} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, day, day); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, "a"), day, day); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSameFindsEveryDifference(t *testing.T) {
	day := time.Unix(1700000000, 0)
	for name, change := range map[string]func(dir string) error{
		"a/one":  func(dir string) error { return os.Remove(filepath.Join(dir, "a/one")) },
		"c":      func(dir string) error { return os.WriteFile(filepath.Join(dir, "c"), nil, 0o600) },
		"a":      func(dir string) error { return os.Chmod(filepath.Join(dir, "a"), 0o700) },
		"b":      func(dir string) error { return os.Chtimes(filepath.Join(dir, "b"), day, day.Add(-time.Second)) },
		"a/two":  func(dir string) error { return write(filepath.Join(dir, "a/two"), "secone", day) },
		"a/two ": func(dir string) error { return write(filepath.Join(dir, "a/two"), "seconds", day) },
	} {
		want, got := plant(t), plant(t)
		if err := Same(want, got); err != nil {
			t.Fatalf("of the same two: %v", err)
		}
		if err := change(got); err != nil {
			t.Fatal(err)
		}
		_ = os.Chtimes(filepath.Join(got, "a"), day, day)
		var diff *DiffError
		if err := Same(want, got); !errors.As(err, &diff) || diff.Path != filepath.Clean(trim(name)) {
			t.Errorf("%s was changed, but it says %v", name, err)
		}
	}
}

func trim(name string) string {
	if name[len(name)-1] == ' ' {
		return name[:len(name)-1]
	}
	return name
}

func write(path, content string, day time.Time) error {
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		return err
	}
	return os.Chtimes(path, day, day)
}

func TestSize(t *testing.T) {
	if n, err := Size(plant(t)); err != nil || n != int64(len("first")+len("second")) {
		t.Fatal(n, err)
	}
}
