package cachedir

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestClean(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	old := time.Now().AddDate(0, 0, -50)
	for name, when := range map[string]time.Time{"0123456789abcdef": old, "fedcba9876543210": time.Now(), "documents": old, "0123456789ABCDEF": old} {
		d := filepath.Join(root, name)
		f := filepath.Join(d, "file")
		for _, err := range []error{os.Mkdir(d, 0o700), os.WriteFile(f, make([]byte, 100), 0o600), os.Chtimes(f, when, when), os.Chtimes(d, when, when)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := List(ctx, root)
	if err != nil || len(all.Folders) != 2 || all.Size != 200 || all.Folders[0].Repository != "fedcba9876543210" {
		t.Errorf("listed %+v (%v)", all, err)
	}
	gone, err := Clean(ctx, root, time.Now().AddDate(0, 0, -30))
	if err != nil || len(gone.Folders) != 1 || gone.Size != 100 {
		t.Errorf("removed %+v (%v)", gone, err)
	}
	for name, want := range map[string]bool{"0123456789abcdef": false, "fedcba9876543210": true, "documents": true, "0123456789ABCDEF": true} {
		if _, err := os.Stat(filepath.Join(root, name)); (err == nil) != want {
			t.Errorf("%s: there %v, want %v", name, err == nil, want)
		}
	}
	if rep, err := List(ctx, filepath.Join(root, "missing")); err != nil || len(rep.Folders) != 0 {
		t.Errorf("a root that is missing: %+v (%v)", rep, err)
	}
}
