package secondreader

import (
	"errors"
	"fmt"

	"github.com/zeebo/blake3"
)

// The kinds of chunks.
const (
	kindData = 1
	kindPage = 2
	kindList = 3
)

const (
	frameSize = 131_072
	maxChunk  = 64 << 20
)

// ref names a chunk as pages, lists and snapshots do.
type ref struct {
	kind byte
	size uint64 // plaintext bytes
	id   hash
}

func (r ref) check() error {
	if r.kind < kindData || r.kind > kindList {
		return fmt.Errorf("a chunk of kind %d", r.kind)
	}
	if r.size < 1 || r.size > maxChunk {
		return fmt.Errorf("a chunk of %d bytes", r.size)
	}
	return nil
}

// frames is the number of frames of a chunk.
func (r ref) frames() int { return int((r.size + frameSize - 1) / frameSize) }

// frame is the number of plaintext bytes of the chunk's frame i.
func (r ref) frame(i int) int { return int(min(frameSize, r.size-uint64(i)*frameSize)) }

// nameKeys are derived from the identity key; the first two are indexed by the
// kind of chunk.
type nameKeys struct {
	frame, chunk [4]hash
	content      hash
}

func deriveKeys(identity hash) (k nameKeys) {
	for kind, word := range map[int]string{kindData: "data", kindPage: "page", kindList: "list"} {
		blake3.DeriveKey("ivyvault 2026 frame "+word, identity[:], k.frame[kind][:])
		blake3.DeriveKey("ivyvault 2026 chunk "+word, identity[:], k.chunk[kind][:])
	}
	blake3.DeriveKey("ivyvault 2026 content", identity[:], k.content[:])
	return k
}

// chunkID makes a chunk's id of the hashes of its frames.
func (k *nameKeys) chunkID(kind byte, frames []hash) hash {
	if len(frames) == 1 {
		return frames[0]
	}
	var all []byte
	for _, f := range frames {
		all = append(all, f[:]...)
	}
	return keyed(k.chunk[kind], all)
}

// chunk reads a chunk: from the first of its copies that is whole. What it
// returns must not be changed.
func (v *Vault) chunk(r ref) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if plain, ok := v.recent[r]; ok {
		return plain, nil // the slices of a bundle follow one another
	}
	var failed []error
	for _, name := range v.places[r.id] {
		p, err := v.pack(name)
		if err == nil {
			var plain []byte
			if plain, err = p.read(r, v); err == nil {
				v.remember(r, plain)
				return plain, nil
			}
		}
		failed = append(failed, fmt.Errorf("pack %x: %w", name[:4], err))
	}
	return nil, fmt.Errorf("chunk %x: none of its %d copies can be read: %w", r.id[:4], len(failed), errors.Join(failed...))
}

// maxRecent is how many bytes of chunks that were read stay in memory.
const maxRecent = 32 << 20

func (v *Vault) remember(r ref, plain []byte) {
	if v.recentBytes += len(plain); v.recentBytes > maxRecent {
		clear(v.recent)
		v.recentBytes = len(plain)
	}
	v.recent[r] = plain
}
