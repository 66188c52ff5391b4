package fusefs

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// Read returns bytes of a file, out of the frames of the cache without a copy.
// It gives all that was asked for or an error: fewer bytes would tell the
// kernel that the file is shorter.
func (m *mount) Read(cancel <-chan struct{}, in *fuse.ReadIn, _ []byte) (fuse.ReadResult, fuse.Status) {
	ctx := m.begin(cancel, in.Pid)
	defer ctx.finish()
	a, err := m.read(ctx, in.NodeId, in.Offset, int(in.Size))
	if err != nil {
		return nil, m.errno(err, in.NodeId)
	}
	return a, fuse.OK
}

func (m *mount) read(ctx context.Context, id, off uint64, n int) (*answer, error) {
	f, err := m.content(ctx, id, off, n)
	if err != nil || off >= f.size {
		return &answer{}, err
	}
	n = int(min(uint64(n), f.size-off))
	if f.whole {
		b, err := f.file.Whole(ctx)
		if err != nil {
			return nil, err
		}
		a := &answer{size: n}
		a.parts = append(a.one[:0], b[off:off+uint64(n)])
		return a, nil
	}
	return m.pieces(ctx, f, off, n)
}

// piece is a part of a file within one chunk; of a hole the Ref is zero.
type piece struct {
	ref    chunk.Ref
	off, n int
}

// cut returns the pieces that hold n bytes of f from off on.
func cut(ctx context.Context, f *content, off, n uint64) ([]piece, error) {
	var pieces []piece
	end := off + n
	err := f.file.Extents(ctx, int64(off), func(x tree.Extent) error {
		if x.Offset >= end {
			return errEnough
		}
		from, to := max(off, x.Offset), min(end, x.Offset+x.Size)
		in := from - x.Offset
		for from < to { // a hole may be longer than an int tells
			part := min(to-from, 1<<30)
			pieces = append(pieces, piece{x.Ref, int(uint64(x.Inner) + in), int(part)})
			from, in = from+part, in+part
		}
		if to == end {
			return errEnough
		}
		return nil
	})
	if err == errEnough {
		err = nil
	}
	return pieces, err
}

// pieces returns the bytes, frame by frame. Frames after the first, and what
// comes after them, are fetched while the first is waited for.
func (m *mount) pieces(ctx context.Context, f *content, off uint64, n int) (*answer, error) {
	list, err := cut(ctx, f, off, uint64(n))
	if err != nil {
		return nil, err
	}
	for i, p := range list {
		if p.ref.IsZero() {
			continue
		}
		if i == 0 { // its first frame is fetched by the one who waits for it
			first := chunk.FrameSize - p.off%chunk.FrameSize
			p.off, p.n = p.off+first, p.n-first
		}
		if p.n > 0 {
			m.prefetch(p)
		}
	}
	m.readAhead(ctx, f, off, uint64(n))
	a := newAnswer(n, len(list)+n/chunk.FrameSize+1)
	for _, p := range list {
		for p.n > 0 {
			part := min(p.n, chunk.FrameSize-p.off%chunk.FrameSize)
			if p.ref.IsZero() {
				a.add(m.zeros[:part])
			} else if err := a.lend(ctx, m.opts.Chunks, p.ref, p.off, part); err != nil {
				a.Done()
				return nil, err
			}
			p.off, p.n = p.off+part, p.n-part
		}
	}
	return a, nil
}

// prefetch asks for the frames of a piece one by one, so that they are decoded
// in parallel. It reports whether there is room for more.
func (m *mount) prefetch(p piece) bool {
	for p.n > 0 {
		part := min(p.n, chunk.FrameSize-p.off%chunk.FrameSize)
		if !m.opts.Chunks.Prefetch(p.ref, p.off, part) {
			return false
		}
		p.off, p.n = p.off+part, p.n-part
	}
	return true
}

// readAhead fetches what comes next where the file is read in order: twice as
// much as was read so, up to the limit, so that who looks at the beginning of a
// file costs no more than that. Requests of one reader overtake each other, so
// in order means near where the last one ended.
func (m *mount) readAhead(ctx context.Context, f *content, off, n uint64) {
	limit := uint64(max(m.opts.ReadAhead, 0))
	end := off + n
	last := f.next.Swap(end)
	if off+limit < last || off > last+limit || last == 0 && off > 0 {
		f.run.Store(0)
		f.ahead.Store(end)
		return
	}
	window := min(limit, 2*f.run.Add(n))
	// Asking again for each small request would cost more than it gives.
	from, to := max(end, f.ahead.Load()), min(end+window, f.size)
	if from >= to || to-from < window/4 && to < f.size {
		return
	}
	list, err := cut(ctx, f, from, to-from)
	if err != nil {
		return // the reader will meet it
	}
	for _, p := range list {
		if !p.ref.IsZero() && !m.prefetch(p) {
			break
		}
		from += uint64(p.n)
	}
	f.ahead.Store(from)
}

// Lseek finds data and holes in files, so that copies of them stay sparse.
func (m *mount) Lseek(cancel <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	ctx := m.begin(cancel, in.Pid)
	defer ctx.finish()
	f, err := m.content(ctx, in.NodeId, 1, 0)
	if err != nil {
		return m.errno(err, in.NodeId)
	}
	at, err := seek(ctx, f, in.Offset, in.Whence)
	out.Offset = at
	if no, ok := err.(syscall.Errno); ok {
		return fuse.Status(no)
	}
	return m.errno(err, in.NodeId)
}
