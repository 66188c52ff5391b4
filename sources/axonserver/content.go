package axonserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"ivyvault/sources"
	"ivyvault/sources/axonserver/segment"
)

// open opens a file that is to be read.
func (c *capture) open(ctx context.Context, g *group, f place) (io.ReadCloser, error) {
	file, err := c.take(f.path)
	if errors.Is(err, fs.ErrNotExist) { // it was not held, and has gone elsewhere
		file, err = c.p.find(ctx, c.client, f.name, c.look.dirs)
	}
	if err != nil {
		return nil, c.fail(fmt.Errorf("the server names %s, which can't be read here: %w", f.path, err))
	}
	switch {
	case f.name.Part != segment.Data:
		info, err := file.Stat()
		if err != nil {
			file.Close()
			return nil, c.fail(err)
		}
		return &whole{c: c, File: file, path: f.path, left: info.Size(), loose: f.name.Part == segment.GlobalIndex}, nil
	case g.closed:
		return &closed{c: c, File: file, path: f.path, number: g.number, proof: newProof(g.number, g.begin), begin: g.begin}, nil
	}
	o, err := c.openOpen(ctx, g, f, file)
	if err != nil {
		file.Close()
		return nil, c.fail(err)
	}
	return o, nil
}

// anew opens a file that the chain holds and the repository does not have any
// more. It must be what the chain has proven.
func (c *capture) anew(ctx context.Context, k *known, f piece) (io.ReadCloser, error) {
	name := k.name(c.p.kind, f)
	file, err := c.p.find(ctx, c.client, name, c.look.dirs)
	if err != nil {
		return nil, c.fail(c.alarm("the segment %s, which was closed then, can't be read again: %v", name, err))
	}
	if f.Part != segment.Data {
		return &whole{c: c, File: file, path: name.String(), left: int64(f.Size)}, nil
	}
	return &closed{c: c, File: file, path: name.String(), number: k.Number, proof: newProof(k.Number, nil), known: k}, nil
}

// whole is a file of known length that nothing else is known of.
type whole struct {
	c *capture
	File
	path  string
	left  int64
	loose bool // it may change at any time
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.File.Read(p)
	w.left -= int64(n)
	switch {
	case err != nil && err != io.EOF:
		err = w.c.fail(fmt.Errorf("%s: %w", w.path, err))
	case !w.loose && (w.left < 0 || err == io.EOF && w.left > 0):
		err = w.c.fail(fmt.Errorf("the index %s changed its length while it was read: capture it again", w.path))
	}
	return n, err
}

// closed is a closed segment that is proven while it is read.
type closed struct {
	c *capture
	File
	path   string
	number int64
	proof  *proof
	begin  *begun
	known  *known // what it must be; nil: new
	done   error
}

func (s *closed) Read(p []byte) (int, error) {
	if s.done != nil {
		return 0, s.done
	}
	n, err := s.File.Read(p)
	s.proof.Write(p[:n])
	switch {
	case err == io.EOF:
		s.done = io.EOF
		if err := s.finish(); err != nil {
			s.done = s.c.fail(err)
		}
		return n, s.done
	case err != nil:
		s.done = s.c.fail(fmt.Errorf("%s: %w", s.path, err))
		return n, s.done
	}
	return n, nil
}

const takeAnother = "What was closed never changes: take the segment from an older snapshot or another node, and see to the disk"

// finish judges what was read.
func (s *closed) finish() error {
	sum := s.proof.Finish()
	digest := s.proof.digest()
	switch {
	case !sum.Whole():
		return &DamageError{s.path, &sum.Damages[0], takeAnother}
	case sum.State != segment.Closed:
		return &DamageError{s.path, errors.New("the server calls it closed, and it has no end"), "Capture it again; if it stays so, the server was restored without index files"}
	case s.known != nil && digest != s.known.Digest:
		return s.c.alarm("the segment %s, which was closed then, holds other events now", s.path)
	case s.begin != nil && !s.proof.met:
		return s.c.alarm("the segment %s doesn't begin with the %d events that it had when it was open", s.path, s.begin.Events)
	}
	if s.known != nil {
		return nil
	}
	if err := s.c.unmoved(s.File, s.path); err != nil {
		return err
	}
	s.c.proven(s.number, sum, digest)
	return nil
}

// unmoved looks whether what was read is still what lies there.
func (c *capture) unmoved(f File, path string) error {
	read, err := f.Stat()
	if err != nil {
		return err
	}
	now, err := c.p.env.Files.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was moved or transformed after it was opened, and read whole
	}
	if err != nil {
		return err
	}
	if !os.SameFile(read, now) || read.Size() != now.Size() {
		return &DamageError{path, errors.New("another file was put in its place"), "Capture it again when nobody restores or moves files"}
	}
	return nil
}

func (c *capture) proven(number int64, sum segment.Summary, digest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.results[number]; r != nil {
		r.sum, r.digest, r.proven = sum, digest, true
	}
}

// openOpen reads a segment that the server writes to once to find its end, and
// gives what is proven, with nothing but zeros behind.
func (c *capture) openOpen(ctx context.Context, g *group, f place, file File) (*tail, error) {
	pr := newProof(g.number, g.begin)
	sum, err := c.p.prove(ctx, file, pr)
	if err != nil {
		return nil, err
	}
	newest := c.look.newest == g.number
	switch {
	case !sum.Whole() && !sum.Torn():
		return nil, &DamageError{f.path, &sum.Damages[0], "This is more than a write under way: see to the disk, and prove the store with 'ivyvault axon verify'"}
	case !newest && (!sum.Whole() || sum.State != segment.Closed):
		return nil, &DamageError{f.path, errors.New("it has no end, though newer segments follow"), "Prove the store with 'ivyvault axon verify'"}
	case g.begin != nil && !pr.met:
		return nil, c.alarm("the open segment %s doesn't begin with the %d events that it had then", f.name, g.begin.Events)
	}
	if !sum.Whole() {
		c.note("%s: %v; it was captured up to token %d, with zeros behind, as a server can open it", f.name, &sum.Damages[0], sum.First+sum.Proven-1)
	}
	if err := c.unmoved(file, f.path); err != nil {
		return nil, err
	}
	t := &tail{c: c, File: file, name: f.name, found: sum, data: sum.End + 4, digest: pr.digest()}
	t.rewind()
	return t, nil
}

// tail is an open segment as it is captured.
type tail struct {
	c *capture
	File
	name   segment.Name
	found  segment.Summary
	digest string
	data   int64 // all behind is zeros
	size   int64

	r     io.Reader
	at    int64
	again *proof
}

var (
	_ io.ReaderAt     = (*tail)(nil)
	_ sources.Extents = (*tail)(nil)
)

func (t *tail) rewind() {
	t.r, t.size = segment.Trim(t.File, t.found, 0)
	t.at, t.again = 0, newProof(t.found.First, nil)
}

// Read proves once more what it gives: a server could have broken its rules.
func (t *tail) Read(p []byte) (int, error) {
	if t.at < t.data {
		p = p[:min(int64(len(p)), t.data-t.at)]
	}
	n, err := t.r.Read(p)
	if t.at < t.data && n > 0 {
		t.again.Write(p[:n])
		if t.at+int64(n) == t.data {
			if ferr := t.finish(); ferr != nil {
				return 0, t.c.fail(ferr)
			}
		}
	}
	t.at += int64(n)
	if err != nil && err != io.EOF {
		err = t.c.fail(fmt.Errorf("%s: %w", t.name, err))
	}
	return n, err
}

func (t *tail) finish() error {
	sum := t.again.Finish()
	if !sum.Whole() || sum.Events != t.found.Proven || t.again.digest() != t.digest {
		return &DamageError{t.name.String(), errors.New("what was proven a moment ago is another now"), "Capture it again; if it stays so, the disk or the file system is at fault"}
	}
	t.c.proven(t.name.Number, sum, t.digest)
	return nil
}

// ReadAt is quick from where the last call has ended.
func (t *tail) ReadAt(p []byte, off int64) (int, error) {
	if off < t.at {
		t.rewind()
	}
	if _, err := io.CopyN(io.Discard, onlyRead{t}, off-t.at); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(onlyRead{t}, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// onlyRead hides everything else.
type onlyRead struct{ io.Reader }

// NextData says that data lies at the beginning only.
func (t *tail) NextData(off int64) (int64, int64, error) {
	if off >= t.data {
		return 0, 0, io.EOF
	}
	return off, t.data, nil
}
