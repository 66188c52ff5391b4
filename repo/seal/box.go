package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"fmt"

	"github.com/zeebo/blake3"
)

const saltSize = 32

// BoxOverhead is what a box and a signature block add to a plaintext.
const BoxOverhead = saltSize + tagSize + SignatureSize

// SealBox returns the whole object: prefix, a box of plain, and the signature
// block (4.3, 4.4). The prefix is everything that stands before the box, the
// object's head of the kind first. Neither slice is kept or changed.
func (k *Keyring) SealBox(prefix []byte, kind Kind, plain []byte) ([]byte, error) {
	var salt [saltSize]byte
	rand.Read(salt[:])
	return k.sealBox(prefix, kind, plain, salt)
}

func (k *Keyring) sealBox(prefix []byte, kind Kind, plain []byte, salt [saltSize]byte) ([]byte, error) {
	if err := CheckHead(prefix, kind); err != nil {
		return nil, fmt.Errorf("seal a box: %w", err)
	}
	aead, err := k.boxCipher(kind, salt[:])
	if err != nil {
		return nil, fmt.Errorf("seal a box: %w", err)
	}
	object := make([]byte, 0, len(prefix)+len(plain)+BoxOverhead)
	object = append(object, prefix...)
	object = append(object, salt[:]...)
	var nonce [12]byte
	object = aead.Seal(object, nonce[:], plain, boxText(prefix, k.s.repo))
	return k.appendSignature(object), nil
}

// OpenBox verifies the signature of an object that SealBox made, then opens
// its box. It returns the plaintext, which is the caller's, and who signed.
func (k *Keyring) OpenBox(object []byte, prefixLen int, kind Kind) ([]byte, Signer, error) {
	who, err := k.Verify(object, kind)
	if err != nil {
		return nil, Signer{}, err
	}
	if prefixLen < HeadSize || len(object)-prefixLen < BoxOverhead {
		return nil, Signer{}, damaged(kind, "it is too short to hold a box", nil)
	}
	salt := object[prefixLen : prefixLen+saltSize]
	aead, err := k.boxCipher(kind, salt)
	if err != nil {
		return nil, Signer{}, fmt.Errorf("open a box: %w", err)
	}
	var nonce [12]byte
	sealed := object[prefixLen+saltSize : len(object)-SignatureSize]
	plain, err := aead.Open(nil, nonce[:], sealed, boxText(object[:prefixLen], k.s.repo))
	if err != nil {
		return nil, Signer{}, damaged(kind, "its box does not open", err)
	}
	return plain, who, nil
}

func (k *Keyring) boxCipher(kind Kind, salt []byte) (cipher.AEAD, error) {
	h, err := blake3.NewKeyed(k.s.index[:])
	if err != nil {
		return nil, err
	}
	h.WriteString("box")
	h.Write([]byte{byte(kind)})
	h.Write(salt)
	var key [32]byte
	return newGCM(h.Sum(key[:0]))
}

func boxText(prefix []byte, repo RepoID) []byte {
	text := make([]byte, 0, len(prefix)+len(repo))
	text = append(text, prefix...)
	return append(text, repo[:]...)
}
