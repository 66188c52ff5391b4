package backup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/seal"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/tree"
	"ivyvault/sources"
	"ivyvault/sources/listing"
)

// part is a source of files that counts how many are opened, and fails where it
// is told to.
type part struct {
	files   []listing.File
	stamped bool // the content's version is its path
	fails   error
	facts   error
	lost    error  // what opening a file fails with
	state   string // what State returns; "" is none
	got     string // what Continue was given
	opened  atomic.Int64
	closed  atomic.Int64
}

func (p *part) Capture(ctx context.Context) (sources.Capture, error) { return p, ctx.Err() }
func (p *part) Close(context.Context) error                          { p.closed.Add(1); return nil }
func (p *part) Facts(context.Context) (sources.Facts, error) {
	return sources.Facts{Product: "test", Counts: map[string]int64{"files": int64(len(p.files))}}, p.facts
}
func (p *part) Continue(state []byte) error { p.got = string(state); return nil }
func (p *part) State() ([]byte, error) {
	if p.state == "" {
		return nil, nil
	}
	return []byte(p.state), nil
}

func (p *part) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		for e, err := range listing.Entries(ctx, p.files) {
			if open, ok := e.Item.(sources.Content); ok {
				e.Item = sources.Content(func(ctx context.Context) (io.ReadCloser, error) {
					p.opened.Add(1)
					if p.lost != nil {
						return nil, p.lost
					}
					return open(ctx)
				})
				if p.stamped {
					e.Stamp = []byte(e.Path)
				}
			}
			if !yield(e, err) {
				return
			}
		}
		if p.fails != nil {
			yield(sources.Entry{}, p.fails)
		}
	}
}

func listed(n int) (out []listing.File) {
	for i := range n {
		out = append(out, listing.Bytes(fmt.Sprintf("d%d/f%d", i%3, i), []byte(strings.Repeat(fmt.Sprint("content ", i), 100)), time.Unix(1e9, 0)))
	}
	return out
}

// night captures a system of the parts, stage by stage.
func night(t *testing.T, r *repo.Repo, at time.Time, stages ...[]backup.Part) (backup.Report, []backup.Outcome) {
	t.Helper()
	var all []backup.Outcome
	rep, err := backup.Run(t.Context(), r, backup.Options{
		Host: "host", Paths: []string{"/systems/claims"}, Time: at,
		System: &backup.System{Name: "claims", Type: "custom", Root: "systems/claims", Capture: func(ctx context.Context, s *backup.Session) ([]listing.File, error) {
			all = nil
			for _, parts := range stages {
				out, err := s.Capture(ctx, parts...)
				if err != nil {
					return nil, err
				}
				all = append(all, out...)
			}
			return []listing.File{listing.Bytes("manifest.json", []byte("{}"), at)}, nil
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rep, all
}

func parts(db, docs *part) [][]backup.Part {
	return [][]backup.Part{{{Path: "databases/system", Source: db}}, {{Path: "documents", Source: docs}}}
}

func TestSystemTwoNights(t *testing.T) {
	for _, role := range []string{"full", "backup"} {
		t.Run(role, func(t *testing.T) {
			st := mem.New()
			owner := newRepo(t, st)
			r := owner
			if role == "backup" {
				if _, err := owner.AddKey(t.Context(), seal.Backup, "engine host", []byte("nightly"), cheap()); err != nil {
					t.Fatal(err)
				}
				r = opened(t, st, "nightly", t.TempDir())
				defer r.Close()
			}
			db, docs := &part{files: listed(4)}, &part{files: listed(50), stamped: true, state: "fifty"}
			rep, _ := night(t, r, time.Unix(2e9, 0), parts(db, docs)...)
			if rep.Incomplete || rep.Stats.Files < 55 {
				t.Errorf("report %+v", rep)
			}
			owner = opened(t, st, "secret", "")
			got := files(t, owner, rep.Snapshot, "/systems/claims")
			if string(got["manifest.json"]) != "{}" || len(got["databases/system/d0/f3"]) == 0 || len(got["documents/d1/f49"]) == 0 || string(got[".continue/documents"]) != "fifty" {
				t.Errorf("the snapshot holds %d files", len(got))
			}

			db2, docs2 := &part{files: listed(4)}, &part{files: listed(51), stamped: true, state: "fifty-one"}
			rep2, out := night(t, r, time.Unix(2e9+60, 0), parts(db2, docs2)...)
			if n := docs2.opened.Load(); n != 1 || docs2.got != "fifty" || !out[1].Continued {
				t.Errorf("the second night opened %d documents, went on from %q, %+v", n, docs2.got, out[1])
			}
			if n := db2.opened.Load(); n != 4 {
				t.Errorf("%d files of the dump were read, want all 4", n)
			}
			owner = opened(t, st, "secret", "")
			if got := files(t, owner, rep2.Snapshot, "/systems/claims"); len(got) != 51+4+2 {
				t.Errorf("the second snapshot holds %d files", len(got))
			}
			if db2.closed.Load() != 1 || docs2.closed.Load() != 1 {
				t.Error("a capture was not closed once")
			}
		})
	}
}

// A part that fails makes the snapshot incomplete, is named, and the next night
// goes on from the last snapshot that has it.
func TestSystemPartFails(t *testing.T) {
	for name, broken := range map[string]*part{
		"while walking": {files: listed(3), fails: errors.New("the server is gone")},
		"in a content":  {files: listed(3), lost: fmt.Errorf("read: %w", &sources.LostError{Err: errors.New("the server is gone")})},
		"in its facts":  {files: listed(3), facts: errors.New("the server is gone")},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t, mem.New())
			night(t, r, time.Unix(2e9, 0), parts(&part{files: listed(4)}, &part{files: listed(50), stamped: true, state: "fifty"})...)
			rep, out := night(t, r, time.Unix(2e9+60, 0), parts(&part{files: listed(4)}, broken)...)
			if !rep.Incomplete || len(rep.Findings) != 1 || !strings.Contains(rep.Findings[0].What, "documents") || !strings.Contains(rep.Findings[0].What, "the server is gone") {
				t.Errorf("report %+v", rep)
			}
			if out[1].Err == nil || out[1].Whole() || broken.closed.Load() != 1 {
				t.Errorf("outcome %+v", out[1])
			}
			got := files(t, r, rep.Snapshot, "/systems/claims")
			for path := range got {
				if strings.HasPrefix(path, "documents") || strings.HasPrefix(path, ".continue") {
					t.Errorf("%s of the part that failed is in the snapshot", path)
				}
			}
			snap := find(t, r, rep.Snapshot)
			info, ok := snap.SystemInfo()
			if p, has := info.Part("documents"); !ok || !has || p.Whole || p.Kept || p.Why == "" {
				t.Errorf("the snapshot says %+v", info)
			}
			docs := &part{files: listed(50), stamped: true, state: "fifty"}
			night(t, r, time.Unix(2e9+120, 0), parts(&part{files: listed(4)}, docs)...)
			if n := docs.opened.Load(); n != 0 || docs.got != "fifty" {
				t.Errorf("the third night opened %d documents and went on from %q", n, docs.got)
			}
		})
	}
}

// What can't be stored is no failure of a part: there is no snapshot.
func TestSystemStoreFails(t *testing.T) {
	st := mem.New()
	newRepo(t, st)
	r, err := repo.Open(t.Context(), full{st}, repo.Options{Password: []byte("secret")})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = backup.Run(t.Context(), r, backup.Options{Host: "h", Paths: []string{"/systems/x"}, System: &backup.System{
		Name: "x", Type: "custom", Root: "systems/x", Capture: func(ctx context.Context, s *backup.Session) ([]listing.File, error) {
			_, err := s.Capture(ctx, backup.Part{Path: "documents", Source: &part{files: listed(50)}})
			return nil, err
		}}}, nil)
	if !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

func find(t *testing.T, r *repo.Repo, id repo.Name) repo.Snapshot {
	t.Helper()
	list, err := r.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(s repo.Snapshot) bool { return s.ID == id })
	if i < 0 {
		t.Fatalf("no snapshot %v", id)
	}
	return list[i]
}

// The directory of a part carries what is in it, as every directory does.
func TestSystemTotals(t *testing.T) {
	r := newRepo(t, mem.New())
	rep, _ := night(t, r, time.Unix(2e9, 0), parts(&part{files: listed(4)}, &part{files: listed(50)})...)
	rd := tree.NewReader(r, r.Keys().ContentHash, 0)
	n, err := rd.Resolve(t.Context(), find(t, r, rep.Snapshot).Root.Ref(), "systems/claims")
	if err != nil || n.Files != 55 {
		t.Errorf("%d files, %v", n.Files, err)
	}
}

// A part that is captured again counts once, and what went wrong the first time
// does not stay.
func TestSystemPartAgain(t *testing.T) {
	r := newRepo(t, mem.New())
	again := &part{files: listed(50)}
	rep, _ := night(t, r, time.Unix(2e9, 0), []backup.Part{{Path: "documents", Source: &part{files: listed(50), fails: errors.New("gone")}}},
		[]backup.Part{{Path: "documents", Source: again}})
	if rep.Incomplete || len(rep.Findings) != 0 || rep.Stats.Files != 51 {
		t.Errorf("%d files, findings %+v", rep.Stats.Files, rep.Findings)
	}
	rep, _ = night(t, r, time.Unix(2e9+60, 0), []backup.Part{{Path: "documents", Source: again}}, []backup.Part{{Path: "documents", Source: again}})
	if rep.Incomplete || rep.Stats.Files != 51 {
		t.Errorf("%d files, findings %+v", rep.Stats.Files, rep.Findings)
	}
}
