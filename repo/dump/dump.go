// Package dump writes what is in a snapshot to a stream: one file as it is, a
// directory as an archive.
//
// Promise: every byte was verified before it was written. Where something
// can't be read, the error comes after what was written so far, and an archive
// then has no end mark, so that it is not taken for a whole one.
package dump

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"ivyvault/repo"
	"ivyvault/repo/ls"
	"ivyvault/repo/tree"
)

// Options says what is dumped and how.
type Options struct {
	Path    string // in the snapshot
	Archive string // "tar" or "zip", for directories; "" is tar
}

// Report tells what was written.
type Report struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"` // of the files' contents
}

// Run writes the file, or the directory as an archive, to w.
func Run(ctx context.Context, r *repo.Repo, s repo.Snapshot, opt Options, w io.Writer) (Report, error) {
	d := &dumper{ctx: ctx, rd: tree.NewReader(r, r.Keys().ContentHash, 1<<20), owners: s.Owners, buf: make([]byte, 1<<20)}
	top := strings.Trim(path.Clean("/"+opt.Path), "/")
	n, err := ls.Resolve(ctx, d.rd, s, top)
	if err != nil {
		return d.rep, err
	}
	switch {
	case n.Type == tree.File:
		return d.rep, d.content(&n, w)
	case n.Type != tree.Dir:
		return d.rep, fmt.Errorf("/%s is neither a file nor a directory: it has no content to dump", top)
	}
	switch opt.Archive {
	case "tar", "":
		err = d.tar(n.Tree, top, w)
	case "zip":
		err = d.zip(n.Tree, top, w)
	default:
		err = fmt.Errorf("unknown kind of archive %q: use tar or zip", opt.Archive)
	}
	return d.rep, err
}

// dumper is one dump under way.
type dumper struct {
	ctx    context.Context
	rd     *tree.Reader
	owners *repo.Owners
	buf    []byte
	rep    Report
}

// content writes a file's bytes.
func (d *dumper) content(n *tree.Node, w io.Writer) error {
	f, err := d.rd.Open(n)
	if err != nil {
		return err
	}
	for off := int64(0); off < f.Size(); {
		m, err := f.ReadAt(d.ctx, d.buf[:min(int64(len(d.buf)), f.Size()-off)], off)
		if err != nil && err != io.EOF {
			return err
		}
		if _, err := w.Write(d.buf[:m]); err != nil {
			return err
		}
		off += int64(m)
		d.rep.Bytes += int64(m)
	}
	d.rep.Files++
	return nil
}

// below returns the path that an entry has in an archive: that in the
// snapshot, without a leading slash.
func below(top, dir, name string) string {
	p := tree.Join(dir, name)
	if top != "" {
		p = top + "/" + p
	}
	return p
}
