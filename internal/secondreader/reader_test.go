package secondreader_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

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

// TestGoldenHasAll holds the golden repository to what it is for: whatever the
// format can say, it says somewhere in there.
func TestGoldenHasAll(t *testing.T) {
	v := openGolden(t, repository(), fullPassword)
	said := map[string]int{}
	say := func(what string, is bool) {
		if is {
			said[what]++
		}
	}
	err := v.Walk(snapshots(t, v)["first"], func(path string, e *secondreader.Entry) error {
		said["type "+kinds[e.Type]]++
		if e.Type == secondreader.File {
			said["form "+string('0'+rune(e.Form()))]++
		}
		say("ctime of its own", e.Ctime != e.Mtime)
		say("ctime as mtime", e.Ctime == e.Mtime)
		say("before 1970", e.Mtime.Sec < 0)
		say("after 2200", e.Mtime.Sec > 1<<33)
		say("several links", e.Links > 1)
		say("attributes", len(e.Xattrs) > 0)
		say("stamp", len(e.Stamp) > 0)
		say("device number", e.Node > 0)
		say("set-id", e.Mode&0o6000 != 0)
		say("name that is not UTF-8", !utf8.Valid(e.Name))
		say("in a large directory", strings.HasPrefix(path, "srv/ivy/many/"))
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = v.Plain(func(kind byte, p []byte) {
		say("page above others", kind == 2 && p[0] > 0)
		say("empty directory", kind == 2 && p[0] == 0 && p[2] == 0)
		say("list above others", kind == 3 && p[0] > 0)
		say("chunk of several frames", kind == 1 && len(p) > 131_072)
	})
	if err != nil {
		t.Fatal(err)
	}
	all, compressed := v.Frames()
	said["frame, compressed"], said["frame, as it is"] = compressed, all-compressed
	for typ, n := range v.LogTypes() {
		said["entry of type "+string('0'+rune(typ))] = n
	}
	for _, what := range []string{
		"type file", "type dir", "type link", "type fifo", "type socket", "type char",
		"form 0", "form 1", "form 2", "form 3", "form 4",
		"ctime of its own", "ctime as mtime", "before 1970", "after 2200", "several links", "attributes", "stamp",
		"device number", "set-id", "name that is not UTF-8", "page above others", "empty directory", "list above others",
		"chunk of several frames", "frame, compressed", "frame, as it is", "entry of type 1", "entry of type 2", "entry of type 3", "entry of type 4",
		"entry of type 5", "entry of type 6",
	} {
		if said[what] == 0 {
			t.Errorf("nowhere: %s", what)
		}
	}
	if n := said["in a large directory"]; n <= 1200 {
		t.Errorf("%d entries in the large directory", n)
	}
	if said["entry of type 1"] < 2 {
		t.Error("no state entry that says something")
	}
	t.Log(said)
}
