package fusefs

import (
	"fmt"
	"slices"
	"testing"

	"ivyvault/chunk"
)

// noting is Chunks that only notes what is read ahead.
type noting struct {
	Chunks
	asked []string
}

func (n *noting) Prefetch(ref chunk.Ref, off, size int) bool {
	n.asked = append(n.asked, fmt.Sprintf("%d+%d of %d", off/chunk.FrameSize, size/chunk.FrameSize, ref.Size/chunk.FrameSize))
	return true
}

func TestBundlesAreReadAheadInTheirOrder(t *testing.T) {
	const size = 1000
	bundle := func(id byte, frames int) chunk.Ref {
		return chunk.Ref{ID: chunk.ID{id, id, id}, Kind: chunk.Data, Size: uint32(frames * chunk.FrameSize)}
	}
	forwards := func(step int) (offs []int) {
		for off := 0; off+size <= 5*chunk.FrameSize; off += step {
			offs = append(offs, off)
		}
		return offs
	}
	backwards := forwards(size)
	slices.Reverse(backwards)
	for _, c := range []struct {
		name string
		offs []int
		want []string
	}{
		{"all in order", forwards(size), []string{"2+1 of 5", "3+1 of 5", "4+1 of 5"}},
		{"some in order", forwards(40000), []string{"2+1 of 5", "3+1 of 5", "4+1 of 5"}},
		{"backwards", backwards, nil},
		{"every other frame", forwards(2 * chunk.FrameSize), nil},
	} {
		var b bundles
		var n noting
		for _, off := range c.offs {
			b.read(&n, bundle(7, 5), off, size)
		}
		if !slices.Equal(n.asked, c.want) {
			t.Errorf("%s: %q, want %q", c.name, n.asked, c.want)
		}
	}
	// Two readers of different bundles at once are none in order.
	var b bundles
	var n noting
	for _, off := range forwards(size) {
		b.read(&n, bundle(7, 5), off, size)
		b.read(&n, bundle(9, 5), off, size)
	}
	if n.asked != nil {
		t.Errorf("two bundles in turn: %q", n.asked)
	}
}
