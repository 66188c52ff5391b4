package dump

import (
	"archive/zip"
	"fmt"
	"io"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// zip writes the directory as a ZIP archive: files, directories and symbolic
// links; the format has no other types.
func (d *dumper) zip(root chunk.Ref, top string, w io.Writer) error {
	z := zip.NewWriter(w)
	err := d.rd.Walk(d.ctx, root, func(dir string, n *tree.Node) error {
		path := below(top, dir, n.Name)
		h := &zip.FileHeader{Name: path, Method: zip.Deflate, Modified: time.Unix(n.MTime.Sec, int64(n.MTime.Nsec))}
		h.SetMode(n.FileMode())
		switch n.Type {
		case tree.Dir:
			h.Name, h.Method = path+"/", zip.Store
		case tree.File, tree.Symlink:
		default:
			return nil
		}
		f, err := z.CreateHeader(h)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		switch n.Type {
		case tree.File:
			err = d.content(n, f)
		case tree.Symlink:
			_, err = io.WriteString(f, n.Target)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return z.Close()
}
