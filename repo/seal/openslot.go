package seal

import (
	"crypto/ed25519"
	"sync"
)

// OpenSlot opens a slot object of the repository with its password. The cost
// that the slot asks for is checked before any work is done. Its errors: one
// that Is chunk.ErrDamaged, a VersionError, ErrWrongPassword,
// ErrConfigDiffers.
func OpenSlot(object []byte, repo RepoID, configHash [32]byte, password []byte) (*Keyring, error) {
	parsed, err := parseSlot(object)
	if err != nil {
		return nil, err
	}
	aead, err := parsed.info.Argon.cipher(password, parsed.salt)
	if err != nil {
		return nil, err
	}
	var nonce [12]byte
	plain, err := aead.Open(nil, nonce[:], parsed.sealed, slotText(repo, parsed.open))
	if err != nil {
		return nil, ErrWrongPassword
	}
	r := reader{p: plain}
	if r.array32() != configHash {
		return nil, ErrConfigDiffers
	}
	s, err := parsed.secrets(repo, &r)
	if err != nil {
		return nil, err
	}
	s.slot = ObjectName(object)
	return &Keyring{s: s}, nil
}

// secrets reads what follows the config's hash and checks that the parts
// belong together.
func (p *slot) secrets(repo RepoID, r *reader) (*secrets, error) {
	s := &secrets{repo: repo, role: p.info.Role, label: p.info.Label, cert: p.cert, proved: new(sync.Map)}
	s.identity, s.splitter, s.index = r.array32(), r.array32(), r.array32()
	publicRaw := r.bytes(publicKeySize)
	s.rootPublic = r.array32()
	signerSeed := r.array32()
	var rootSeed [seedSize]byte
	if s.role == Full {
		s.privSeed, rootSeed = r.array32(), r.array32()
	}
	if !r.done() {
		return nil, damaged(KindSlot, "its sealed part has another length than its role asks for", nil)
	}
	public, err := kem().NewPublicKey(publicRaw)
	if err != nil {
		return nil, damaged(KindSlot, "its public key can't be used", err)
	}
	s.setPublic(public)
	s.setSigner(signerSeed)
	if s.signerPublic != p.info.Signer {
		return nil, damaged(KindSlot, "its signing key is not the one that it names", nil)
	}
	if !certified(s.rootPublic, repo, Signer{s.role, s.signerPublic}, s.cert[:]) {
		return nil, damaged(KindSlot, "its signing key has no certificate of this repository", nil)
	}
	if s.role != Full {
		return s, nil
	}
	if s.private, err = kem().NewPrivateKey(s.privSeed[:]); err != nil {
		return nil, damaged(KindSlot, "its private key can't be used", err)
	}
	if string(s.private.PublicKey().Bytes()) != string(s.publicRaw) {
		return nil, damaged(KindSlot, "its private and public key are no pair", nil)
	}
	s.root = ed25519.NewKeyFromSeed(rootSeed[:])
	if [32]byte(s.root[seedSize:]) != s.rootPublic {
		return nil, damaged(KindSlot, "the two halves of its signing root are no pair", nil)
	}
	return s, nil
}
