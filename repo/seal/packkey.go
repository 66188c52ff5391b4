package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
)

// PackHeaderSize is the length of the header that a pack begins with (6).
const PackHeaderSize = 1200

// The kinds of packs. Their numbers are part of the format.
const (
	DataPack uint8 = 1 // data chunks
	TreePack uint8 = 2 // pages and lists
)

const packEncAt = 32

// NewPackKey makes the key of a new pack of the kind. It returns the pack's
// header, which carries the key sealed to the repository's public key, and the
// cipher under it. The key exists nowhere else: one cipher is for one image.
func (k *Keyring) NewPackKey(kind uint8) (header [PackHeaderSize]byte, aead cipher.AEAD, err error) {
	if kind != DataPack && kind != TreePack {
		return header, nil, fmt.Errorf("no such kind of pack: %d", kind)
	}
	var key [32]byte
	rand.Read(key[:])
	enc, sealed, err := sealTo(k.s.public, packInfo(k.s.repo, kind), key[:])
	if err != nil {
		return header, nil, fmt.Errorf("seal a pack key: %w", err)
	}
	head := AppendHead(header[:0], KindPack)
	head = append(head, kind, 0, 0, 0)
	head = append(head, k.s.keyID[:]...)
	head = append(head, enc...)
	head = append(head, sealed...)
	if len(head) != PackHeaderSize {
		return header, nil, fmt.Errorf("seal a pack key: a header of %d bytes", len(head))
	}
	aead, err = newGCM(key[:])
	return header, aead, err
}

// OpenPackKey checks a pack's header, the first PackHeaderSize bytes, and
// returns the kind of the pack and the cipher of its frames and table. It
// needs a full key: a backup key gets a RoleError.
func (k *Keyring) OpenPackKey(header []byte) (kind uint8, aead cipher.AEAD, err error) {
	if err := CheckHead(header, KindPack); err != nil {
		return 0, nil, err
	}
	if len(header) < PackHeaderSize {
		return 0, nil, damaged(KindPack, fmt.Sprintf("%d bytes of its header are there, %d are missing", len(header), PackHeaderSize-len(header)), nil)
	}
	if k.s.private == nil {
		return 0, nil, &RoleError{Doing: "open a pack"}
	}
	header = header[:PackHeaderSize]
	kind = header[HeadSize]
	if (kind != DataPack && kind != TreePack) || header[13] != 0 || header[14] != 0 || header[15] != 0 {
		return 0, nil, damaged(KindPack, "its header names no kind of pack that this version knows", nil)
	}
	if [keyIDSize]byte(header[16:packEncAt]) != k.s.keyID {
		return 0, nil, damaged(KindPack, fmt.Sprintf("it is sealed to the key %x, the repository's is %x", header[16:packEncAt], k.s.keyID), nil)
	}
	key, err := openWith(k.s.private, packInfo(k.s.repo, kind), header[packEncAt:packEncAt+encSize], header[packEncAt+encSize:])
	if err != nil {
		return 0, nil, damaged(KindPack, "its key does not open", err)
	}
	aead, err = newGCM(key)
	return kind, aead, err
}

func packInfo(repo RepoID, kind uint8) []byte {
	info := append([]byte("ivyvault 2026 pack"), repo[:]...)
	return append(info, Version, kind)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
