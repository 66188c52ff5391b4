package secondreader_test

import (
	"context"
	"testing"

	"github.com/zeebo/blake3"

	"ivyvault/internal/secondreader"
	"ivyvault/repo"
	"ivyvault/repo/tree"
)

// TestProgram reads the golden repository with the program itself: once the
// format is frozen this holds every later version to it.
func TestProgram(t *testing.T) {
	ctx := context.Background()
	r := openRepo(t, copyGolden(t), fullPassword)
	list, err := r.Snapshots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(manifests) {
		t.Errorf("%d snapshots, want %d", len(list), len(manifests))
	}
	for _, s := range list {
		lines, err := fromRepo(ctx, r, s)
		if err != nil {
			t.Errorf("%s: %v", s.Host, err)
		}
		same(t, text(lines), readManifest(t, s.Host))
	}
}

// TestProgramGoesOn writes into a copy of the golden repository; the second
// reader then sees the new snapshot beside the old ones.
func TestProgramGoesOn(t *testing.T) {
	dir := copyGolden(t)
	g := grower{t, t.TempDir()}
	g.dir("srv/ivy")
	g.file("srv/ivy/new.txt", []byte("written by a later version\n"))
	m := &maker{t: t, ctx: context.Background()}
	m.backup(openRepo(t, dir, fullPassword), g.root, "later")
	m.backup(openRepo(t, dir, backupPassword), g.root, "later still")

	v := openGolden(t, dir, fullPassword)
	byHost := snapshots(t, v)
	if len(byHost) != len(manifests)+2 {
		t.Errorf("%d snapshots", len(byHost))
	}
	for _, host := range []string{"later", "later still"} {
		lines, err := fromSnapshot(v, byHost[host])
		if err != nil {
			t.Fatal(err)
		}
		same(t, text(lines), text(fromDisk(t, g.root)))
	}
}

// fromRepo describes a snapshot as the program sees it.
func fromRepo(ctx context.Context, r *repo.Repo, s repo.Snapshot) ([]line, error) {
	var list []line
	seen := links{}
	rd := tree.NewReader(r, r.Keys().ContentHash, 8<<20)
	err := rd.Walk(ctx, s.Root.Ref(), func(dir string, n *tree.Node) error {
		path := tree.Join(dir, n.Name)
		l := line{path: path, kind: kinds[byte(n.Type)], mode: n.Mode, uid: n.UID, gid: n.GID,
			mtime: [2]int64{n.MTime.Sec, int64(n.MTime.Nsec)}, size: n.Size, target: n.Target, node: n.Rdev}
		var xattrs []secondreader.Xattr
		for _, x := range n.Xattrs {
			xattrs = append(xattrs, secondreader.Xattr{Name: []byte(x.Name), Value: x.Value})
		}
		l.xattrs = joinXattrs(xattrs)
		if n.Links > 1 {
			l.first = seen.first(n.Device, n.Inode, path)
		}
		if n.Type == tree.File {
			f, err := rd.Open(n)
			if err != nil {
				return err
			}
			p := make([]byte, n.Size)
			if got, err := f.ReadAt(ctx, p, 0); got < len(p) {
				return err
			}
			sum := blake3.Sum256(p)
			l.content = short(sum[:])
		}
		list = append(list, l)
		return nil
	})
	return list, err
}
