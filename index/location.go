package index

import "ivyvault/chunk"

// Name names a stored object, here a pack or an index file: the plain
// BLAKE3-256 of its bytes.
type Name = [32]byte

// Signer is the public key of the writer that signed an index file.
type Signer = [32]byte

// FramesBegin is the offset in every pack at which its first frame stands.
const FramesBegin = 1200

// MaxPackSize is the greatest size of a pack, in bytes, that an index accepts.
const MaxPackSize = 1<<31 - 4096

// MaxPackChunks is the greatest number of chunks in a pack that an index
// accepts.
const MaxPackChunks = 1<<24 - 1

// Location is the place of one chunk, as one index file states it. Nothing in
// it is proved: who reads the bytes verifies them, and tries the chunk's next
// location where they fail.
type Location struct {
	Pack     Name  // the pack's name
	PackSize int64 // size of the pack object, bytes
	PackKind uint8 // 1 data, 2 tree
	Kind     chunk.Kind
	Ordinal  uint32 // number of the chunk in the pack, from 0
	Offset   int64  // where its frames begin in the pack
	Stored   uint32 // bytes of all its frames as stored
	Size     uint32 // plaintext bytes
	Signer   Signer // who signed the index file that says so
}
