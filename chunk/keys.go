package chunk

import (
	"sync"

	"github.com/zeebo/blake3"
)

// Keys names chunks, frames and contents of one repository. It is made once
// per repository and may be used by many goroutines at once.
type Keys struct {
	frame   [List + 1]hashers // by kind; index 0 is unused
	chunk   [List + 1]hashers
	content hashers
}

// hashers are idle hashers that all carry one key. A hasher is about two
// kilobytes, so making one for each small content would cost more than the
// hashing; Reset keeps the key.
type hashers struct{ pool sync.Pool }

func (h *hashers) init(context string, identity *[32]byte) {
	var key [32]byte
	blake3.DeriveKey(context, identity[:], key[:])
	h.pool.New = func() any {
		s := new(scratch)
		// The only error is a key that isn't 32 bytes long.
		s.h, _ = blake3.NewKeyed(key[:])
		return s
	}
}

// scratch is a hasher with room for its result: a result on the caller's stack
// would escape to the heap at every call.
type scratch struct {
	h   *blake3.Hasher
	out ID
}

func (h *hashers) sum(p []byte) ID {
	s := h.pool.Get().(*scratch)
	s.h.Reset()
	_, _ = s.h.Write(p) // never fails
	s.h.Sum(s.out[:0])
	id := s.out
	h.pool.Put(s)
	return id
}

// NewKeys derives the keys of all kinds from the repository's identity key.
func NewKeys(identity [32]byte) *Keys {
	k := new(Keys)
	for kind := Data; kind <= List; kind++ {
		k.frame[kind].init("ivyvault 2026 frame "+kind.String(), &identity)
		k.chunk[kind].init("ivyvault 2026 chunk "+kind.String(), &identity)
	}
	k.content.init("ivyvault 2026 content", &identity)
	return k
}

// FrameHash returns the hash of one frame's plaintext. The kind must be valid.
func (k *Keys) FrameHash(kind Kind, p []byte) ID { return k.frame[kind].sum(p) }

// ChunkID returns the id of the chunk whose frames have these hashes, in
// order. The kind must be valid and there must be one hash at least.
func (k *Keys) ChunkID(kind Kind, hashes []ID) ID {
	if len(hashes) == 1 {
		return hashes[0]
	}
	hs := &k.chunk[kind]
	s := hs.pool.Get().(*scratch)
	s.h.Reset()
	for i := range hashes {
		_, _ = s.h.Write(hashes[i][:])
	}
	s.h.Sum(s.out[:0])
	id := s.out
	hs.pool.Put(s)
	return id
}

// Name returns what to ask for to get p back, a chunk of the kind, and appends
// the hashes of its frames to hashes, in order. The kind must be valid, p must
// hold 1 to MaxSize bytes; Name panics otherwise, since the result would name
// something that no reader accepts.
func (k *Keys) Name(kind Kind, p []byte, hashes []ID) (Ref, []ID) {
	if !kind.Valid() || len(p) == 0 || len(p) > MaxSize {
		panic("chunk: Name of an invalid kind or size")
	}
	first := len(hashes)
	for rest := p; len(rest) > 0; {
		n := min(FrameSize, len(rest))
		hashes = append(hashes, k.FrameHash(kind, rest[:n]))
		rest = rest[n:]
	}
	return Ref{ID: k.ChunkID(kind, hashes[first:]), Size: uint32(len(p)), Kind: kind}, hashes
}

// ContentHash returns the hash by which the content of one small file, a slice
// of a bundle, is verified and found again.
func (k *Keys) ContentHash(p []byte) ID { return k.content.sum(p) }
