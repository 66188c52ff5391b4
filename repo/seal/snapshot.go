package seal

import (
	"encoding/binary"
	"fmt"
)

const snapshotEncAt = HeadSize + keyIDSize

// SealSnapshot returns a snapshot object: plain sealed to the repository's
// public key, so that only full keys read it, and signed (8).
func (k *Keyring) SealSnapshot(plain []byte) ([]byte, error) {
	enc, sealed, err := sealTo(k.s.public, snapshotInfo(k.s.repo), plain)
	if err != nil {
		return nil, fmt.Errorf("seal a snapshot: %w", err)
	}
	object := make([]byte, 0, snapshotEncAt+encSize+binary.MaxVarintLen64+len(sealed)+SignatureSize)
	object = AppendHead(object, KindSnapshot)
	object = append(object, k.s.keyID[:]...)
	object = append(object, enc...)
	object = appendBytes(object, sealed)
	return k.appendSignature(object), nil
}

// OpenSnapshot verifies the signature of a snapshot object, then opens it. A
// backup key gets a RoleError; it can Verify.
func (k *Keyring) OpenSnapshot(object []byte) (plain []byte, who Signer, err error) {
	who, err = k.Verify(object, KindSnapshot)
	if err != nil {
		return nil, Signer{}, err
	}
	if k.s.private == nil {
		return nil, Signer{}, &RoleError{Doing: "open a snapshot"}
	}
	body := object[:len(object)-SignatureSize]
	if len(body) < snapshotEncAt+encSize {
		return nil, Signer{}, damaged(KindSnapshot, "it is too short to hold a sealed key", nil)
	}
	if [keyIDSize]byte(body[HeadSize:snapshotEncAt]) != k.s.keyID {
		return nil, Signer{}, damaged(KindSnapshot, fmt.Sprintf("it is sealed to the key %x, the repository's is %x", body[HeadSize:snapshotEncAt], k.s.keyID), nil)
	}
	r := reader{p: body[snapshotEncAt+encSize:]}
	sealed := r.bytes(len(body))
	if !r.done() {
		return nil, Signer{}, damaged(KindSnapshot, "its length does not fit its content", nil)
	}
	plain, err = openWith(k.s.private, snapshotInfo(k.s.repo), body[snapshotEncAt:snapshotEncAt+encSize], sealed)
	if err != nil {
		return nil, Signer{}, damaged(KindSnapshot, "it does not open", err)
	}
	return plain, who, nil
}

func snapshotInfo(repo RepoID) []byte {
	info := append([]byte("ivyvault 2026 snapshot"), repo[:]...)
	return append(info, Version)
}
