package fusefs

import (
	"context"

	"github.com/hanwen/go-fuse/v2/fuse"

	"ivyvault/chunk"
)

// answer is what a read gives: parts that go to the kernel with one system
// call, as they lie. Those that are lent go back when it has them.
type answer struct {
	size  int
	parts [][]byte
	one   [1][]byte // room for a single part
	loans []chunk.Loan
}

var _ fuse.ReadResult = (*answer)(nil)

// newAnswer makes room for so many bytes in so many parts.
func newAnswer(size, parts int) *answer {
	return &answer{size: size, parts: make([][]byte, 0, parts), loans: make([]chunk.Loan, 0, parts)}
}

func (a *answer) add(b []byte) { a.parts = append(a.parts, b) }

// lend adds a part of a chunk that lies within one frame.
func (a *answer) lend(ctx context.Context, from Chunks, ref chunk.Ref, off, n int) error {
	l, err := from.Lend(ctx, ref, off, n)
	if err != nil {
		return err
	}
	a.loans = append(a.loans, l)
	a.add(l.Bytes)
	return nil
}

// Size is how many bytes are answered.
func (a *answer) Size() int { return a.size }

// Slices has the library write the parts without putting them together.
func (a *answer) Slices() ([][]byte, fuse.Status) { return a.parts, fuse.OK }

// Bytes puts them together.
func (a *answer) Bytes(buf []byte) ([]byte, fuse.Status) {
	buf = buf[:0]
	for _, p := range a.parts {
		buf = append(buf, p...)
	}
	return buf, fuse.OK
}

// Done is called when the kernel has the bytes.
func (a *answer) Done() {
	for i := range a.loans {
		a.loans[i].Return()
	}
	a.parts, a.loans = nil, nil
}
