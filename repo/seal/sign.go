package seal

import (
	"crypto/ed25519"
	"fmt"

	"github.com/zeebo/blake3"
)

// SignatureSize is the length of the signature block at the end of an index
// file, a snapshot or a log entry (4.3).
const SignatureSize = signedTail + ed25519.SignatureSize

// signedTail is the part of the block that the signature covers: role, public
// key, certificate.
const signedTail = 1 + 32 + certSize

// Verify checks the signature block at the end of an index file, a snapshot or
// a log entry, down to the repository's root, and returns who signed. It needs
// no full key and tells nothing about what the object holds.
func (k *Keyring) Verify(object []byte, kind Kind) (Signer, error) {
	if err := CheckHead(object, kind); err != nil {
		return Signer{}, err
	}
	if len(object) < HeadSize+SignatureSize {
		return Signer{}, damaged(kind, "it is too short to hold a signature", nil)
	}
	end := len(object) - ed25519.SignatureSize
	block := object[len(object)-SignatureSize : end]
	who := Signer{Role: Role(block[0]), Public: [32]byte(block[1:33])}
	if !who.Role.Valid() {
		return Signer{}, damaged(kind, fmt.Sprintf("its signature names the unknown role %d", block[0]), nil)
	}
	if !k.certified(who, block[33:]) {
		return Signer{}, damaged(kind, fmt.Sprintf("its signer %x has no certificate of this repository", who.Public[:8]), nil)
	}
	if !ed25519.Verify(who.Public[:], signedText(k.s.repo, object[:end]), object[end:]) {
		return Signer{}, damaged(kind, fmt.Sprintf("the signature of %x does not match its bytes", who.Public[:8]), nil)
	}
	return who, nil
}

// certified reports whether the root certified who. What was found true is
// remembered: a repository has few signers and many signed objects.
func (k *Keyring) certified(who Signer, cert []byte) bool {
	key := provedCert{who, [certSize]byte(cert)}
	if _, ok := k.s.proved.Load(key); ok {
		return true
	}
	if !certified(k.s.rootPublic, k.s.repo, who, cert) {
		return false
	}
	k.s.proved.Store(key, struct{}{})
	return true
}

// provedCert is a certificate that was checked, with what it is for.
type provedCert struct {
	who  Signer
	cert [certSize]byte
}

// appendSignature appends the keyring's signature block to an object.
func (k *Keyring) appendSignature(object []byte) []byte {
	object = append(object, byte(k.s.role))
	object = append(object, k.s.signerPublic[:]...)
	object = append(object, k.s.cert[:]...)
	return append(object, ed25519.Sign(k.s.signer, signedText(k.s.repo, object))...)
}

func signedText(repo RepoID, object []byte) []byte {
	sum := blake3.Sum256(object)
	text := append([]byte("ivyvault 2026 signature"), repo[:]...)
	return append(text, sum[:]...)
}

func certificateText(repo RepoID, who Signer) []byte {
	text := append([]byte("ivyvault 2026 certificate"), repo[:]...)
	text = append(text, byte(who.Role))
	return append(text, who.Public[:]...)
}

func certify(root ed25519.PrivateKey, repo RepoID, role Role, public [32]byte) [certSize]byte {
	return [certSize]byte(ed25519.Sign(root, certificateText(repo, Signer{role, public})))
}

func certified(root [32]byte, repo RepoID, who Signer, cert []byte) bool {
	return ed25519.Verify(root[:], certificateText(repo, who), cert)
}
