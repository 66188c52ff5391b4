package fusefs

import (
	"encoding/binary"
	"sync/atomic"

	"ivyvault/chunk"
)

// bundles reads ahead for those who read small files in their order: these lie
// one after the other in bundles, so who comes from one frame of a bundle to the
// next will want the one after it. Who reads here and there moves so by chance
// only, and costs nothing more.
type bundles struct {
	last atomic.Uint64 // the frame of the newest small file
}

// read hears of a small file that is read. It is n bytes of a bundle from off on.
func (b *bundles) read(from Chunks, ref chunk.Ref, off, n int) {
	frame := (off + n - 1) / chunk.FrameSize
	here := binary.LittleEndian.Uint64(ref.ID[:]) + uint64(frame)
	if b.last.Load() == here { // mostly, and then without a write that others would wait for
		return
	}
	if b.last.Swap(here) == here-1 && frame > 0 && (frame+1)*chunk.FrameSize < int(ref.Size) {
		from.Prefetch(ref, (frame+1)*chunk.FrameSize, chunk.FrameSize)
	}
}
