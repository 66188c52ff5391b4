package secondreader_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ivyvault/internal/secondreader"
)

// manifests says which manifest describes the snapshot of a host.
var manifests = map[string]string{"first": "first", "second": "second", "third": "second"}

func openGolden(t testing.TB, dir, password string) *secondreader.Vault {
	t.Helper()
	v, err := secondreader.Open(dir, []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func snapshots(t testing.TB, v *secondreader.Vault) map[string]secondreader.Snapshot {
	t.Helper()
	list, err := v.Snapshots()
	if err != nil {
		t.Fatal(err)
	}
	byHost := map[string]secondreader.Snapshot{}
	for _, s := range list {
		byHost[s.Host] = s
	}
	return byHost
}

func readManifest(t testing.TB, host string) string {
	t.Helper()
	p, err := os.ReadFile(manifest(manifests[host]))
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

func TestSnapshots(t *testing.T) {
	byHost := snapshots(t, openGolden(t, repository(), fullPassword))
	if got := slices.Sorted(maps.Keys(byHost)); !slices.Equal(got, []string{"first", "second", "third"}) {
		t.Errorf("snapshots of %q: that of gone is forgotten", got)
	}
	for host, s := range byHost {
		tags := []string{host}
		if host == "first" {
			tags = append(tags, "golden")
		}
		if !slices.Equal(s.Tags, tags) || (s.ID != s.Form) != (host == "first") {
			t.Errorf("%s: tags %q, id %s, form %s", host, s.Tags, s.ID, s.Form)
		}
		if !slices.Equal(s.Paths, []string{"/srv/ivy"}) || s.Time.IsZero() {
			t.Errorf("%s: paths %q, time %v", host, s.Paths, s.Time)
		}
	}
}

// TestEntries compares everything that an entry says with what was captured.
func TestEntries(t *testing.T) {
	v := openGolden(t, repository(), fullPassword)
	for host, s := range snapshots(t, v) {
		list, err := fromSnapshot(v, s)
		if err != nil {
			t.Errorf("%s: %v", host, err)
		}
		same(t, text(list), readManifest(t, host))
	}
}

// TestRestore compares what stands on the disk after a restore.
func TestRestore(t *testing.T) {
	v := openGolden(t, repository(), fullPassword)
	for host, s := range snapshots(t, v) {
		t.Run(host, func(t *testing.T) {
			target := filepath.Join(t.TempDir(), "restored")
			left, err := v.Restore(s, target)
			if err != nil {
				t.Fatal(err)
			}
			want, err := fromSnapshot(v, s)
			if err != nil {
				t.Fatal(err)
			}
			got := fromDisk(t, target)
			if os.Getuid() == 0 && len(left) == 0 {
				same(t, text(got), readManifest(t, host))
			}
			same(t, text(settable(got, left)), text(settable(want, left)))
		})
	}
}

// settable leaves out what could not be set: owners unless root runs the test,
// the attributes and the device nodes among left.
func settable(list []line, left []string) (out []line) {
	for _, l := range list {
		if os.Getuid() != 0 {
			l.uid, l.gid = 0, 0
		}
		if slices.Contains(left, l.path) {
			if l.node != 0 {
				continue
			}
			l.uid, l.gid, l.xattrs = 0, 0, ""
		}
		out = append(out, l)
	}
	return out
}

func TestPasswords(t *testing.T) {
	if _, err := secondreader.Open(repository(), []byte("wrong")); !errors.Is(err, secondreader.ErrPassword) {
		t.Errorf("a wrong password: %v", err)
	}
	v := openGolden(t, repository(), backupPassword)
	if list, err := v.Snapshots(); err == nil {
		t.Errorf("a backup key reads %d snapshots", len(list))
	}
}

// copyGolden returns a copy of the repository that a test may change.
func copyGolden(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repository")
	if err := os.CopyFS(dir, os.DirFS(repository())); err != nil {
		t.Fatal(err)
	}
	return dir
}

// readAll opens the repository and reads everything in it.
func readAll(dir string) error {
	v, err := secondreader.Open(dir, []byte(fullPassword))
	if err != nil {
		return err
	}
	list, err := v.Snapshots()
	if err != nil {
		return err
	}
	for _, s := range list {
		if _, err := fromSnapshot(v, s); err != nil {
			return err
		}
	}
	return nil
}

func objects(t testing.TB, dir, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(list) == 0 {
		t.Fatalf("no objects at %s: %v", pattern, err)
	}
	return list
}

// TestOneCopyIsEnough: what the second snapshot added is stored twice, by a
// backup key and by a full key, so either pack may be lost; no other may.
func TestOneCopyIsEnough(t *testing.T) {
	dir := copyGolden(t)
	spared := 0
	packs := objects(t, dir, "packs/*/*")
	for _, path := range packs {
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		if readAll(dir) == nil {
			spared++
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
	}
	if spared < 2 || spared == len(packs) {
		t.Errorf("%d of %d packs can be lost", spared, len(packs))
	}
}

// TestLostObjects: the log says what exists, so no object of the other kinds
// can vanish unnoticed; of the log only the end.
func TestLostObjects(t *testing.T) {
	dir := copyGolden(t)
	last := objects(t, dir, "log/*")
	paths := slices.Concat(objects(t, dir, "index/*"), last[:len(last)-1], []string{filepath.Join(dir, "config")})
	for _, path := range paths {
		if err := os.Rename(path, dir+".away"); err != nil {
			t.Fatal(err)
		}
		if readAll(dir) == nil {
			t.Errorf("%s is lost, and nobody notices", strings.TrimPrefix(path, dir))
		}
		if err := os.Rename(dir+".away", path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestManifestHasAll holds the golden repository to what it is for: each type
// of entry and each property that the format can say is in it.
func TestManifestHasAll(t *testing.T) {
	m := readManifest(t, "first")
	for _, want := range []string{
		" file ", " dir ", " link ", " fifo ", " socket ", " char ", `\xff\xfe`, " 4711 ", " 1700 ", " as ", " attr ", " to ", " -",
		`"srv/ivy/sparse.db"`, `"srv/ivy/chunks.log"`,
	} {
		if !strings.Contains(m, want) {
			t.Errorf("the manifest holds no %q", want)
		}
	}
	if n := strings.Count(m, "srv/ivy/many/"); n <= 1200 {
		t.Errorf("a directory of %d entries", n)
	}
}
