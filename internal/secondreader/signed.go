package secondreader

import (
	"crypto/ed25519"
	"errors"

	"github.com/zeebo/blake3"
)

const blockSize = 161 // role 1, signer 32, certificate 64, signature 64

// certified checks that the root vouches for a signer and its role.
func certified(root []byte, repository hash, role byte, signer, certificate []byte) bool {
	text := join([]byte("ivyvault 2026 certificate"), repository[:], []byte{role}, signer)
	return ed25519.Verify(root, text, certificate)
}

// checkSigned verifies the signature block at the end of an object. It returns
// the object without the block, and the signer's role.
func (v *Vault) checkSigned(object []byte) (body []byte, role byte, err error) {
	if len(object) < headSize+blockSize {
		return nil, 0, errShort
	}
	body = object[:len(object)-blockSize]
	d := decoder{p: object[len(body):]}
	role = d.u8()
	signer, certificate, signature := d.take(32), d.take(64), d.take(64)
	if role != roleFull && role != roleBackup {
		return nil, 0, errors.New("the signer has an unknown role")
	}
	if !certified(v.keys.root, v.conf.repository, role, signer, certificate) {
		return nil, 0, errors.New("its signer is not certified")
	}
	sum := blake3.Sum256(object[:len(object)-64])
	text := join([]byte("ivyvault 2026 signature"), v.conf.repository[:], sum[:])
	if !ed25519.Verify(signer, text, signature) {
		return nil, 0, errors.New("its signature is wrong")
	}
	return body, role, nil
}

// openBox opens the box that reaches from offset at to the end of body.
func (v *Vault) openBox(body []byte, at int, kind byte) ([]byte, error) {
	if len(body) < at+32 {
		return nil, errShort
	}
	salt := body[at : at+32]
	key := keyed(v.keys.index, []byte("box"), []byte{kind}, salt)
	plain, err := gcm(key[:]).Open(nil, make([]byte, 12), body[at+32:], join(body[:at], v.conf.repository[:]))
	if err != nil {
		return nil, errors.New("its box does not open")
	}
	return plain, nil
}

// keyed is the keyed BLAKE3 of the parts, one after the other.
func keyed(key hash, parts ...[]byte) (sum hash) {
	h, err := blake3.NewKeyed(key[:])
	if err != nil {
		panic(err) // only keys of another length fail
	}
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(sum[:0])
	return sum
}
