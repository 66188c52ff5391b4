package tree

import (
	"errors"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"

	"ivyvault/chunk"
)

func TestIOFS(t *testing.T) {
	m := newMemory()
	ctx := t.Context()
	data := []byte("of many words the first and of many the last")
	bundle, _ := m.Put(ctx, chunk.Data, data)
	w := NewListWriter(m)
	for range 300 {
		if err := errors.Join(w.AddChunk(ctx, bundle), w.AddHole(1000)); err != nil {
			t.Fatal(err)
		}
	}
	long, size, err := w.Close(ctx)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, size int, c Content) Node {
		return Node{Name: name, Type: File, Mode: 0o644, Size: uint64(size), Content: c}
	}
	var many []Node
	for _, n := range tinyFiles(700) {
		n.Content, n.Size = Content{Form: Inline, Inline: []byte(n.Name)}, uint64(len(n.Name))
		many = append(many, n)
	}
	sub := writeDir(t, m, []Node{
		file("\xef\xbf\xbd", 0, Content{}),
		file("\xff\xfe", 3, Content{Form: Slice, Ref: bundle, Offset: 3, Hash: contentHash(data[3:6])}),
	})
	root := writeDir(t, m, []Node{
		file("chunked", len(data), Content{Form: Chunked, Ref: bundle}),
		{Name: "empty", Type: Dir, Mode: 0o1777, Tree: writeDir(t, m, nil)},
		{Name: "link", Type: Symlink, Target: "./many/../sub"},
		file("long", int(size), long),
		{Name: "many", Type: Dir, Mode: 0o755, Tree: writeDir(t, m, many)},
		{Name: "out", Type: Symlink, Target: "../etc/passwd"},
		{Name: "pipe", Type: Fifo},
		{Name: "round", Type: Symlink, Target: "round"},
		{Name: "sub", Type: Dir, Mode: 0o700, Tree: sub},
	})
	f := NewFS(ctx, newReader(m), root)
	// The test suite opens every entry, so it is shown what can be opened.
	if err := fstest.TestFS(onlyPlain{f}, "chunked", "long", "many/document-00000699.json", "sub/\uFFFDff\uFFFDfe", "sub/\uFFFDef\uFFFDbf\uFFFDbd"); err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(f, "link/\uFFFDff\uFFFDfe"); err != nil || string(b) != string(data[3:6]) {
		t.Fatalf("%q %v", b, err)
	}
	for path, want := range map[string]error{"out": fs.ErrNotExist, "round": fs.ErrInvalid, "pipe": fs.ErrInvalid, "pipe/x": fs.ErrNotExist,
		"sub/\uFFFDFF\uFFFDfe": fs.ErrNotExist, "../x": fs.ErrInvalid, "none": fs.ErrNotExist} {
		var pe *fs.PathError
		if _, err := f.Open(path); !errors.Is(err, want) || !errors.As(err, &pe) || pe.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
	if s, err := f.ReadLink("out"); err != nil || s != "../etc/passwd" {
		t.Fatal(s, err)
	}
	if fi, err := f.Lstat("out"); err != nil || fi.Mode().Type() != fs.ModeSymlink || fi.Size() != 13 {
		t.Fatal(fi, err)
	}
	if fi, err := f.Stat("empty"); err != nil || fi.Mode() != fs.ModeDir|fs.ModeSticky|0o777 {
		t.Fatal(fi.Mode(), err)
	}
	o, _ := f.Open("long")
	if at, err := o.(io.Seeker).Seek(-1000, io.SeekEnd); err != nil || at != int64(size)-1000 {
		t.Fatal(at, err)
	}
	if b, err := io.ReadAll(o); err != nil || string(b) != string(make([]byte, 1000)) {
		t.Fatal(len(b), err)
	}
}

// onlyPlain hides what can't be opened: fifos, and links that lead nowhere.
type onlyPlain struct{ *FS }

func (p onlyPlain) Open(name string) (fs.File, error) {
	f, err := p.FS.Open(name)
	if d, ok := f.(*openDir); ok && name == "." {
		return &plainDir{d}, nil
	}
	return f, err
}

func (p onlyPlain) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := p.FS.ReadDir(name)
	return plain(list), err
}

type plainDir struct{ *openDir }

func (d *plainDir) ReadDir(n int) ([]fs.DirEntry, error) {
	for {
		list, err := d.openDir.ReadDir(n)
		if got := plain(list); n <= 0 || err != nil || len(got) > 0 {
			return got, err
		}
	}
}

func plain(list []fs.DirEntry) []fs.DirEntry {
	var out []fs.DirEntry
	for _, e := range list {
		if e.IsDir() || e.Type().IsRegular() || e.Name() == "link" {
			out = append(out, e)
		}
	}
	return out
}

func TestEscape(t *testing.T) {
	r := seeded(t)
	seen := map[string]string{}
	for range 20000 {
		b := make([]byte, 1+r.IntN(6))
		for i := range b {
			b[i] = "a%\xef\xbf\xbd\xff\xc3\xa4f0"[r.IntN(9)]
		}
		e := Escape(string(b))
		if old, ok := seen[e]; ok && old != string(b) {
			t.Fatalf("%q and %q are both %q", old, b, e)
		}
		seen[e] = string(b)
		if back, ok := Unescape(e); !ok || back != string(b) {
			t.Fatalf("%q is %q, and back %q", b, e, back)
		}
		if !fs.ValidPath(e) {
			t.Fatalf("%q is no path", e)
		}
	}
	for _, s := range []string{"\uFFFD", "\uFFFDf", "\uFFFDFF", "\uFFFD61", "x\xff"} {
		if _, ok := Unescape(s); ok {
			t.Errorf("%q was unescaped", s)
		}
	}
}
