package large

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/store/local"
	"ivyvault/repo/tree"
)

// many makes a repository of very many chunks. Files are lists of chunks of a
// few bytes, so that ten million of them take no more room than a film; to all
// that works on a repository they are chunks like others: each is named, sealed,
// listed in its pack and in an index file, and needed by a snapshot.
//
// There are manyVersions snapshots. The first has two fifths of all chunks, each
// later one a fifth: it changes two of three chunks in three of four files, so
// that hardly a pack is needed whole, or not at all, after some are forgotten.
type many struct {
	chunks int    // in the repository, without those of lists and directories
	dir    string // the files of the last snapshot lie here, as it has them
	host   string
}

const (
	manyVersions = 4
	manyInEach   = 160 // files
)

// inFile is how many chunks each file has.
func (m *many) inFile() int { return m.chunks * 2 / 5 / manyInEach }

// version tells which version of chunk j of file f snapshot v has.
func (m *many) version(f, j, v int) int {
	for ; v > 0; v-- {
		if f%4 != v && j%3 != v%3 {
			break
		}
	}
	return v
}

// appendChunk appends the bytes of a chunk, 8 to 32 of them, which no other has.
func appendChunk(b []byte, f, j, v int) []byte {
	x := uint64(v)<<56 | uint64(f)<<32 | uint64(j)
	x *= 0x9e3779b97f4a7c15 // odd, so that different numbers stay different
	x ^= x >> 29
	b = binary.LittleEndian.AppendUint64(b, x)
	for range x % 4 {
		x = x*6364136223846793005 + 1442695040888963407
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

// make writes the files and the snapshots.
func (m *many) make(t *testing.T, repository string) {
	t.Helper()
	ctx := t.Context()
	if err := os.Mkdir(m.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := m.writeFiles(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	st, err := local.Open(ctx, repository)
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.Open(ctx, st, repo.Options{Password: []byte("large")})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for v := range manyVersions {
		_, err := r.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
			root, err := m.snapshot(ctx, w, r.SplitterSecret(), v)
			at := time.Now().Add(time.Duration(v-manyVersions) * 24 * time.Hour)
			return repo.Snapshot{Time: at, End: at, Host: m.host, Paths: []string{m.dir}, Root: repo.RootOf(root)}, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (m *many) name(f int) string { return fmt.Sprintf("%04d", f) }

// writeFiles writes the files as the last snapshot has them.
func (m *many) writeFiles() error {
	var b []byte
	for f := range manyInEach {
		b = b[:0]
		for j := range m.inFile() {
			b = appendChunk(b, f, j, m.version(f, j, manyVersions-1))
		}
		if err := os.WriteFile(filepath.Join(m.dir, m.name(f)), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// snapshot puts all chunks, lists and pages of version v.
func (m *many) snapshot(ctx context.Context, w *repo.Writer, secret [32]byte, v int) (chunk.Ref, error) {
	nodes := make([]tree.Node, manyInEach)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(3)
	for f := range nodes {
		g.Go(func() (err error) {
			nodes[f], err = m.file(gctx, w, f, v)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return chunk.Ref{}, err
	}
	names := strings.Split(strings.Trim(m.dir, "/"), "/")
	for i := len(names); ; i-- {
		d := tree.NewDirWriter(w, tree.Cut{Secret: secret})
		for k := range nodes {
			if err := d.Add(ctx, &nodes[k]); err != nil {
				return chunk.Ref{}, err
			}
		}
		files, bytes := d.Totals()
		page, err := d.Close(ctx)
		if err != nil || i == 0 {
			return page, err
		}
		nodes = []tree.Node{{Name: names[i-1], Type: tree.Dir, Mode: 0o755, Tree: page, Files: files, Bytes: bytes}}
	}
}

// file puts the chunks and the list of one file.
func (m *many) file(ctx context.Context, w *repo.Writer, f, v int) (tree.Node, error) {
	n := tree.Node{Name: m.name(f), Type: tree.File, Mode: 0o644}
	if v == manyVersions-1 { // an unchanged backup finds it as it was
		i, err := os.Lstat(filepath.Join(m.dir, n.Name))
		if err != nil {
			return n, err
		}
		st := i.Sys().(*syscall.Stat_t)
		n.UID, n.GID, n.Inode = st.Uid, st.Gid, st.Ino
		n.MTime = tree.Time{Sec: st.Mtim.Sec, Nsec: uint32(st.Mtim.Nsec)}
		n.CTime = tree.Time{Sec: st.Ctim.Sec, Nsec: uint32(st.Ctim.Nsec)}
	}
	list := tree.NewListWriter(w)
	var b []byte
	for j := range m.inFile() {
		b = appendChunk(b[:0], f, j, m.version(f, j, v))
		ref, err := w.Put(ctx, chunk.Data, b)
		if err == nil {
			err = list.AddChunk(ctx, ref)
		}
		if err != nil {
			return n, err
		}
	}
	var err error
	n.Content, n.Size, err = list.Close(ctx)
	return n, err
}
