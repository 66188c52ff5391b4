package axonserver

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"ivyvault/sources/axonserver/segment"
)

// digestBytes is the length of a digest.
const digestBytes = 16

// proof gathers what is proven of a segment while its bytes go by: beside the
// verdict a digest of its blocks, by which the segment is known again, and
// whether it begins with what an earlier night saw of it.
type proof struct {
	*segment.Verifier
	h     hash.Hash
	begin *begun // nil: nothing is known of it
	met   bool   // it begins with that
	row   [36]byte
}

func newProof(first int64, begin *begun) *proof {
	p := &proof{h: sha256.New(), begin: begin}
	p.met = begin != nil && begin.End == 5
	p.Verifier = segment.NewVerifier(first, segment.Hooks{Block: p.block})
	return p
}

// block adds a proven block. What follows a wrong one doesn't count: the
// segment is refused, or ends there.
func (p *proof) block(b segment.Block, wrong *segment.Damage) error {
	if wrong != nil {
		return nil
	}
	r := binary.BigEndian.AppendUint64(p.row[:0], uint64(b.Offset))
	r = binary.BigEndian.AppendUint64(r, uint64(b.First))
	r = binary.BigEndian.AppendUint64(r, uint64(b.Events))
	r = binary.BigEndian.AppendUint64(r, uint64(b.Size))
	r = binary.BigEndian.AppendUint32(r, b.CRC)
	p.h.Write(r)
	if p.begin != nil && b.Offset+b.Size+11 == p.begin.End {
		p.met = p.digest() == p.begin.Digest
	}
	return nil
}

// digest is that of the blocks so far.
func (p *proof) digest() string { return hex.EncodeToString(p.h.Sum(nil)[:digestBytes]) }
