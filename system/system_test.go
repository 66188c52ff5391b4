package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/restore"
	"ivyvault/repo/seal"
	"ivyvault/repo/store/mem"
	"ivyvault/sources"
	"ivyvault/sources/dir"
	"ivyvault/sources/folder"
	"ivyvault/system/hook"
	"ivyvault/system/stopped"
)

func newRepo(t *testing.T) *repo.Repo {
	t.Helper()
	r, err := repo.Init(t.Context(), mem.New(), repo.InitOptions{Password: []byte("secret"),
		Argon: seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1}, Config: repo.Config{PackSize: repo.MinPackSize}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// watch notes what it is told.
type watch struct{ said, notices []string }

func (w *watch) Say(line string)            { w.said = append(w.said, line) }
func (w *watch) Notice(path, what string)   { w.notices = append(w.notices, path+": "+what) }
func (w *watch) Finding(f repo.Finding)     {}
func (w *watch) Progress(p backup.Progress) {}
func (w *watch) heard(text string) bool     { return strings.Contains(strings.Join(w.said, "\n"), text) }
func sh(name, line string) *hook.Hook {
	return &hook.Hook{Name: name, Argv: []string{line}, Shell: true}
}
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// engine makes a directory with documents and a plan that captures it.
func engine(t *testing.T) (home string, p *Plan) {
	t.Helper()
	home = filepath.Join(t.TempDir(), "engine")
	write(t, filepath.Join(home, "documents/1.pdf"), "one")
	write(t, filepath.Join(home, "configuration/engine.yaml"), "a: b")
	part := func(name string) Part {
		src, err := folder.New(filepath.Join(home, name), dir.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return Part{Path: "directories/" + name, Kind: "folder", What: "the directory " + name, Source: src}
	}
	return home, &Plan{
		Name: "claims", Type: "custom", Product: "Engine", Version: "1.2.3", Mode: sources.Hot,
		Stages: []Stage{
			{Name: "documents", Why: "they come first", Parts: []Part{part("documents")}},
			{Name: "files", Parts: []Part{part("configuration")}},
		},
		Restore: []Step{{Title: "put the documents back", Part: "directories/documents", Do: []string{"ivyvault restore --system $SYSTEM --part directories/documents --to /srv/documents $SNAPSHOT"}}},
	}
}

func options(t *testing.T) Options {
	return Options{Host: "host", Time: time.Unix(2e9, 0), StateDir: t.TempDir()}
}

func TestHotCapture(t *testing.T) {
	r := newRepo(t)
	home, p := engine(t)
	w := &watch{}
	rep, err := Run(t.Context(), r, p, options(t), w)
	if err != nil || rep.Incomplete || len(rep.Parts) != 2 {
		t.Fatalf("%+v, %v", rep, err)
	}
	list, err := r.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"latest", "2033-05-18T03-33-20Z", rep.Snapshot.String()[:8]} {
		if s, err := Find(list, "claims", what, ""); err != nil || s.ID != rep.Snapshot {
			t.Errorf("%s finds %v, %v", what, s.ID.Short(), err)
		}
	}
	if _, err := Find(list, "other", "latest", ""); err == nil {
		t.Error("a system without snapshots is found")
	}
	st, err := Open(t.Context(), r, list[0])
	if err != nil {
		t.Fatal(err)
	}
	if m := st.Manifest; !m.Whole || m.Consistency != sources.Hot || len(m.Stages) != 2 || m.Parts[0].Files != 1 || m.Parts[0].Facts.Consistency != sources.Hot || m.Parts[0].Ended.Before(m.Parts[0].Began) {
		t.Errorf("manifest %+v", m)
	}
	book, err := st.RunBook()
	if err != nil || !strings.Contains(book, "SYSTEM=claims SNAPSHOT=2033-05-18T03-33-20Z") || !strings.Contains(book, "Step 1: put the documents back") {
		t.Errorf("run book, %v:\n%s", err, book)
	}

	// A part goes back alone, and never over what lives.
	target := filepath.Join(t.TempDir(), "back")
	if _, err := st.RestoreFolder(t.Context(), "directories/documents", restore.Options{Target: target}, false, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(target, "1.pdf")); string(got) != "one" {
		t.Errorf("%q, %v", got, err)
	}
	var occupied *sources.OccupiedError
	if _, err := st.RestoreFolder(t.Context(), "directories/documents", restore.Options{Target: target}, false, nil); !errors.As(err, &occupied) {
		t.Errorf("it was written over: %v", err)
	}
	write(t, filepath.Join(target, "new"), "new")
	if _, err := st.RestoreFolder(t.Context(), "directories/documents", restore.Options{Target: target}, true, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(target, "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what the snapshot does not have was left: %v", err)
	}
	if _, err := st.Part("nothing"); err == nil || !strings.Contains(err.Error(), "it has directories/") {
		t.Error(err)
	}
	_ = home
}

// A cold capture finds the system stopped, and starts it whatever happens.
func TestColdCapture(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(home string, p *Plan)
		want   string // of the error
		state  string // of the system afterwards
		record bool   // of its being stopped stays
	}{
		{"well", func(string, *Plan) {}, "", "running", false},
		{"stop fails", func(_ string, p *Plan) { p.Stop = sh("stop", "echo no >&2; exit 1") }, "it said: no", "running", false},
		{"it goes on running", func(_ string, p *Plan) {
			p.Stopped = func(context.Context) error { return errors.New("a process still writes") }
		}, "can't be seen to have stopped", "running", false},
		{"start fails", func(_ string, p *Plan) { p.Start = sh("start", "exit 1") }, "THE SYSTEM claims IS STILL STOPPED", "stopped", true},
		{"a part fails", func(_ string, p *Plan) { p.Stages[0].Parts[0].Source = failing{errors.New("gone")} }, "", "running", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRepo(t)
			home, p := engine(t)
			state := filepath.Join(home, "documents/state")
			write(t, state, "running")
			p.Mode, p.Stop, p.Start = sources.Cold, sh("stop", "printf stopped > "+state), sh("start", "printf running > "+state)
			c.change(home, p)
			opt, w := options(t), &watch{}
			rep, err := Run(t.Context(), r, p, opt, w)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if got, _ := os.ReadFile(state); string(got) != c.state {
				t.Errorf("the system is %s, want %s", got, c.state)
			}
			if list, err := stopped.List(opt.StateDir); err != nil || (len(list) == 1) != c.record {
				t.Errorf("records %v, %v", list, err)
			}
			list, err := r.Snapshots(t.Context())
			if err != nil || (len(list) == 1) != (c.want == "" || c.record) {
				t.Fatalf("%d snapshots, %v", len(list), err)
			}
			if len(list) == 0 || rep.Incomplete {
				return
			}
			st, err := Open(t.Context(), r, list[0])
			if err != nil {
				t.Fatal(err)
			}
			if p, err := fs.ReadFile(st.fs, "systems/claims/directories/documents/state"); string(p) != "stopped" || st.Manifest.Consistency != sources.Cold {
				t.Errorf("it was captured %s, %v", p, err)
			}
		})
	}
}

func TestHooksRunInOrder(t *testing.T) {
	r := newRepo(t)
	_, p := engine(t)
	trace := filepath.Join(t.TempDir(), "trace")
	step := func(name string) hook.Hook { return *sh(name, "echo "+name+" >> "+trace) }
	p.Before, p.After = []hook.Hook{step("before1"), *sh("bad", "exit 1"), step("before2")}, []hook.Hook{step("after1"), *sh("bad", "exit 1"), step("after2")}
	if _, err := Run(t.Context(), r, p, options(t), &watch{}); err == nil {
		t.Error("a hook that fails is no failure")
	}
	if got, _ := os.ReadFile(trace); string(got) != "before1\nafter1\nafter2\n" {
		t.Errorf("they ran as %q", got)
	}
	// What fails afterwards is told, and takes nothing away from the snapshot.
	p.Before = nil
	rep, err := Run(t.Context(), r, p, options(t), &watch{})
	if list, lerr := r.Snapshots(t.Context()); err == nil || lerr != nil || len(list) != 1 || list[0].ID != rep.Snapshot || rep.Incomplete {
		t.Errorf("a hook that fails afterwards: %v, %d snapshots, %v", err, len(list), lerr)
	}
}

func TestIncompleteIsNotLatest(t *testing.T) {
	r := newRepo(t)
	_, p := engine(t)
	opt := options(t)
	good, err := Run(t.Context(), r, p, opt, &watch{})
	if err != nil {
		t.Fatal(err)
	}
	p.Stages[1].Parts[0].Source = failing{errors.New("the disk is gone")}
	opt.Time = opt.Time.Add(time.Hour)
	bad, err := Run(t.Context(), r, p, opt, &watch{})
	if err != nil || !bad.Incomplete {
		t.Fatalf("%+v, %v", bad, err)
	}
	list, err := r.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]repo.Name{"": good.Snapshot, "directories/configuration": good.Snapshot, "directories/documents": bad.Snapshot} {
		if s, err := Find(list, "claims", "latest", part); err != nil || s.ID != want {
			t.Errorf("latest of part %q is %v, %v", part, s.ID.Short(), err)
		}
	}
	s, err := Find(list, "claims", bad.Snapshot.String(), "")
	if err != nil {
		t.Fatal(err)
	}
	st, err := Open(t.Context(), r, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Part("directories/configuration"); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("the part that failed: %v", err)
	}
	if book, err := st.RunBook(); err != nil || !strings.Contains(book, "not whole") || !strings.Contains(book, "the disk is gone") {
		t.Errorf("%v, run book:\n%s", err, book)
	}
}

func TestCompareAndChecks(t *testing.T) {
	r := newRepo(t)
	_, p := engine(t)
	p.Checks = []Check{{Name: "health", Look: func(context.Context) (string, error) { return "", errors.New("503") }}}
	p.Compare = []Compare{{Name: "rows and files", Look: func(_ context.Context, parts []backup.Outcome) ([]string, []string, error) {
		return []string{fmt.Sprintf("row 7 has no file, of %d parts", len(parts))}, []string{"a file without a row"}, nil
	}}}
	w := &watch{}
	rep, err := Run(t.Context(), r, p, options(t), w)
	if err != nil || !rep.Incomplete || len(rep.Findings) != 1 || !strings.Contains(rep.Findings[0].What, "row 7 has no file, of 2 parts") {
		t.Errorf("%+v, %v", rep, err)
	}
	if p, _ := json.Marshal(rep.Checks); len(rep.Checks) != 3 || !strings.Contains(string(p), "503") {
		t.Errorf("checks %s", p)
	}
	if len(w.notices) != 3 {
		t.Errorf("notices %q", w.notices)
	}
}

// A stage that ends too late is captured again with the one that it depends on.
func TestStageBeginsAgain(t *testing.T) {
	r := newRepo(t)
	_, p := engine(t)
	slow := 0
	p.Stages[1].From, p.Stages[1].Within = "documents", 200*time.Millisecond
	p.Stages[1].Ready = func(context.Context) error {
		if slow++; slow == 1 {
			time.Sleep(250 * time.Millisecond)
		}
		return nil
	}
	w := &watch{}
	rep, err := Run(t.Context(), r, p, options(t), w)
	if err != nil || rep.Incomplete || len(rep.Parts) != 2 || slow != 2 || !w.heard("captured again") {
		t.Errorf("%+v, %v, %d times, %q", rep.Parts, err, slow, w.said)
	}
}

func TestPlanIsChecked(t *testing.T) {
	_, p := engine(t)
	p.Mode = sources.Cold
	if _, err := Run(t.Context(), newRepo(t), p, options(t), &watch{}); err == nil || !strings.Contains(err.Error(), "'stop' and 'start'") {
		t.Errorf("cold without hooks: %v", err)
	}
	_, p = engine(t)
	p.Stages[1].Parts[0].Path = p.Stages[0].Parts[0].Path
	if _, err := Run(t.Context(), newRepo(t), p, options(t), &watch{}); err == nil || !strings.Contains(err.Error(), "two parts") {
		t.Errorf("two parts at one path: %v", err)
	}
}
