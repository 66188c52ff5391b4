package opensearch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/opensearch/opensearchtest"
)

// shared is the one server of these tests, started by the first that needs it.
type shared struct {
	once sync.Once
	s    *opensearchtest.Server
	err  error
}

var the shared

func TestMain(m *testing.M) {
	code := m.Run()
	if the.s != nil {
		if err := the.s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// real returns the server, empty of indices, snapshots and repositories.
func real(t *testing.T) *opensearchtest.Server {
	t.Helper()
	if testing.Short() {
		t.Skip("a real server takes a while to start")
	}
	the.once.Do(func() {
		the.s, the.err = opensearchtest.Start(context.Background())
	})
	var missing *opensearchtest.MissingError
	if errors.As(the.err, &missing) {
		t.Skip(missing.Error())
	}
	if the.err != nil {
		t.Fatal(the.err)
	}
	forget(t, the.s)
	t.Cleanup(func() { forget(t, the.s) })
	return the.s
}

func forget(t *testing.T, s *opensearchtest.Server) {
	t.Helper()
	c := clientOf(t, s.URL)
	if err := c.call(context.Background(), request{method: "DELETE", path: []string{"_snapshot", "*"}}, nil); err != nil && !isStatus(err, 404) {
		t.Fatal(err)
	}
	if err := c.call(context.Background(), request{method: "DELETE", path: []string{"*"}, query: "expand_wildcards=all"}, nil); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(s.Repo)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range left {
		if err := os.RemoveAll(filepath.Join(s.Repo, d.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

func clientOf(t *testing.T, url string) *client {
	t.Helper()
	c, err := connect(context.Background(), &Config{URL: url}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// do sends a request with a JSON body and returns the answer.
func do(t *testing.T, s *opensearchtest.Server, method, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, p)
	}
	return string(p)
}

// fill puts n documents into an index, the first of the number from.
func fill(t *testing.T, s *opensearchtest.Server, index string, from, n int) {
	t.Helper()
	var b strings.Builder
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, `{"index":{"_id":"doc-%d"}}`+"\n"+`{"n":%d,"text":"case %d of the claims department, %x"}`+"\n", i, i, i, uint64(i)*0x9E3779B97F4A7C15)
	}
	if answer := do(t, s, "POST", "/"+index+"/_bulk?refresh=true", b.String()); !strings.Contains(answer, `"errors":false`) {
		t.Fatal(answer)
	}
}

// night is what a vault holds of one capture.
type night struct {
	tree   fstest.MapFS
	stamps map[string]string
	opened []string // read anew
	facts  sources.Facts
	state  []byte
}

// backup captures as the archiver does: what has the stamp that it had the
// night before is not read.
func backup(p *Part, before *night) (*night, error) {
	ctx := context.Background()
	if before != nil && before.state != nil {
		if err := p.Continue(before.state); err != nil {
			return nil, err
		}
	}
	c, err := p.Capture(ctx)
	if err != nil {
		return nil, err
	}
	n, err := read(ctx, c, before)
	return n, errors.Join(err, c.Close(ctx))
}

func read(ctx context.Context, c sources.Capture, before *night) (*night, error) {
	n := &night{tree: fstest.MapFS{}, stamps: map[string]string{}}
	for e, err := range c.Entries(ctx) {
		if err != nil {
			return nil, err
		}
		if e.Attr.Type != sources.File {
			continue
		}
		n.stamps[e.Path] = string(e.Stamp)
		if before != nil && len(e.Stamp) > 0 && before.stamps[e.Path] == string(e.Stamp) {
			n.tree[e.Path] = before.tree[e.Path]
			continue
		}
		n.opened = append(n.opened, e.Path)
		f, err := e.Open(ctx)
		if err != nil {
			return nil, err
		}
		p, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		n.tree[e.Path] = &fstest.MapFile{Data: p, Mode: 0o600}
	}
	var err error
	if n.facts, err = c.(sources.Described).Facts(ctx); err != nil {
		return nil, err
	}
	if s, ok := c.(sources.Stateful); ok {
		n.state, err = s.State()
	}
	return n, err
}

func mustBackup(t *testing.T, p *Part, before *night) *night {
	t.Helper()
	n, err := backup(p, before)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func mustRestore(t *testing.T, p *Part, from fs.FS, opt sources.RestoreOptions) sources.Restored {
	t.Helper()
	out, err := p.Restore(context.Background(), from, opt)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func part(s *opensearchtest.Server, m Method, indices ...string) *Part {
	c := Config{URL: s.URL, Method: m, Indices: indices}
	if m == BySnapshot {
		c.Snapshot.Location = filepath.Join(s.Repo, "vault")
	}
	p := New(c, Env{})
	p.pause = 20 * time.Millisecond
	return p
}

// maps copies a tree, so that a test may change it.
func maps(tree fstest.MapFS) fstest.MapFS {
	out := fstest.MapFS{}
	for name, f := range tree {
		out[name] = f
	}
	return out
}

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content), Mode: 0o600} }
