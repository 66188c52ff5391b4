package dump

import (
	"archive/tar"
	"fmt"
	"io"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// link names the links of one file.
type link struct{ device, inode uint64 }

// tar writes the directory in the PAX format: long names, nanoseconds,
// extended attributes, hard links, devices. Sockets are left out, tar has none.
func (d *dumper) tar(root chunk.Ref, top string, w io.Writer) error {
	t := tar.NewWriter(w)
	first := map[link]string{}
	err := d.rd.Walk(d.ctx, root, func(dir string, n *tree.Node) error {
		path := below(top, dir, n.Name)
		if n.Type == tree.Socket {
			return nil
		}
		h := d.header(path, n)
		if n.Type == tree.File && n.Links > 1 {
			key := link{n.Device, n.Inode}
			if to, ok := first[key]; ok {
				h.Typeflag, h.Linkname, h.Size = tar.TypeLink, to, 0
			} else {
				first[key] = path
			}
		}
		if err := t.WriteHeader(h); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if h.Typeflag != tar.TypeReg {
			return nil
		}
		if err := d.content(n, t); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.Close()
}

func (d *dumper) header(path string, n *tree.Node) *tar.Header {
	h := &tar.Header{
		Format: tar.FormatPAX, Name: path, Mode: int64(n.Mode), Uid: int(n.UID), Gid: int(n.GID),
		ModTime: time.Unix(n.MTime.Sec, int64(n.MTime.Nsec)), Typeflag: tar.TypeReg, Size: int64(n.Size), Linkname: n.Target,
	}
	if d.owners != nil {
		h.Uname = d.owners.Users[strconv.FormatUint(uint64(n.UID), 10)]
		h.Gname = d.owners.Groups[strconv.FormatUint(uint64(n.GID), 10)]
	}
	switch n.Type {
	case tree.Dir:
		h.Typeflag, h.Name = tar.TypeDir, path+"/"
	case tree.Symlink:
		h.Typeflag = tar.TypeSymlink
	case tree.Fifo:
		h.Typeflag = tar.TypeFifo
	case tree.CharDevice, tree.BlockDevice:
		h.Typeflag = tar.TypeChar
		if n.Type == tree.BlockDevice {
			h.Typeflag = tar.TypeBlock
		}
		h.Devmajor, h.Devminor = int64(unix.Major(n.Rdev)), int64(unix.Minor(n.Rdev))
	}
	for _, x := range n.Xattrs {
		if h.PAXRecords == nil {
			h.PAXRecords = map[string]string{}
		}
		h.PAXRecords["SCHILY.xattr."+x.Name] = string(x.Value)
	}
	return h
}
