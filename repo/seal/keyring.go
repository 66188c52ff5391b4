package seal

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/zeebo/blake3"
)

const (
	publicKeySize = 1216
	seedSize      = 32
	certSize      = ed25519.SignatureSize
)

// ErrCannotRead is what an error Is that reports that a backup key was asked
// for what only a full key can do.
var ErrCannotRead = errors.New("a backup key can't read what is stored")

// RoleError says what a backup key was asked for in vain. It Is ErrCannotRead.
type RoleError struct {
	Doing string // what was asked, for example "open a pack"
}

func (e *RoleError) Error() string {
	return "can't " + e.Doing + ": this password belongs to a backup key, which adds to the repository " +
		"but can't read what is stored; use the password of a full key"
}

// Is makes every RoleError an ErrCannotRead.
func (e *RoleError) Is(target error) bool { return target == ErrCannotRead }

// Keyring holds the secrets of one opened slot. It never changes and is safe
// for concurrent use. Printed, logged or marshalled it shows role and signer only.
type Keyring struct {
	s *secrets // behind a pointer, so that a copied Keyring prints nothing
}

type secrets struct {
	repo  RepoID
	role  Role
	label string
	slot  [32]byte // name of the slot object, zero before it is stored

	identity, splitter, index [32]byte

	public    hpke.PublicKey
	publicRaw []byte
	keyID     [16]byte
	private   hpke.PrivateKey // nil in a backup key
	privSeed  [seedSize]byte

	rootPublic [32]byte
	root       ed25519.PrivateKey // nil in a backup key

	signer       ed25519.PrivateKey
	signerPublic [32]byte
	cert         [certSize]byte

	proved *sync.Map // of provedCert
}

// Generate makes the first keyring of a new repository: fresh secrets, role
// Full.
func Generate(repo RepoID) (*Keyring, error) {
	var raw rawSecrets
	for _, p := range [][]byte{raw.identity[:], raw.splitter[:], raw.index[:], raw.private[:], raw.root[:], raw.signer[:]} {
		rand.Read(p) // crypto/rand never fails: it ends the process instead
	}
	return newFull(repo, &raw)
}

// Derive makes the keyring of a further slot: the same repository secrets as
// far as the role allows, and a signer of its own, certified by the root. It
// needs a full key; a backup key gets a RoleError.
func (k *Keyring) Derive(role Role) (*Keyring, error) {
	if !role.Valid() {
		return nil, fmt.Errorf("no such role: %s", role)
	}
	if k.s.role != Full {
		return nil, &RoleError{Doing: "add a key"}
	}
	var seed [seedSize]byte
	rand.Read(seed[:])
	return k.derive(role, seed), nil
}

func (k *Keyring) derive(role Role, signerSeed [seedSize]byte) *Keyring {
	s := *k.s // proved is shared: it depends on the root only
	s.role, s.label, s.slot = role, "", [32]byte{}
	s.setSigner(signerSeed)
	s.cert = certify(s.root, s.repo, role, s.signerPublic)
	if role != Full {
		s.private, s.privSeed, s.root = nil, [seedSize]byte{}, nil
	}
	return &Keyring{s: &s}
}

// rawSecrets are the random bytes from which a full keyring is made.
type rawSecrets struct {
	identity, splitter, index, private, root, signer [32]byte
}

func newFull(repo RepoID, raw *rawSecrets) (*Keyring, error) {
	private, err := kem().NewPrivateKey(raw.private[:])
	if err != nil {
		return nil, fmt.Errorf("make the private key: %w", err)
	}
	s := &secrets{
		repo: repo, role: Full,
		identity: raw.identity, splitter: raw.splitter, index: raw.index,
		private: private, privSeed: raw.private,
		root:   ed25519.NewKeyFromSeed(raw.root[:]),
		proved: new(sync.Map),
	}
	s.setPublic(private.PublicKey())
	copy(s.rootPublic[:], s.root[seedSize:])
	s.setSigner(raw.signer)
	s.cert = certify(s.root, repo, Full, s.signerPublic)
	return &Keyring{s: s}, nil
}

func (s *secrets) setPublic(public hpke.PublicKey) {
	s.public, s.publicRaw = public, public.Bytes()
	sum := blake3.Sum256(s.publicRaw)
	copy(s.keyID[:], sum[:])
}

func (s *secrets) setSigner(seed [seedSize]byte) {
	s.signer = ed25519.NewKeyFromSeed(seed[:])
	copy(s.signerPublic[:], s.signer[seedSize:])
}

// Repo returns the id of the repository that the keyring belongs to.
func (k *Keyring) Repo() RepoID { return k.s.repo }

// Role returns the keyring's role.
func (k *Keyring) Role() Role { return k.s.role }

// CanRead reports whether the keyring opens packs and snapshots.
func (k *Keyring) CanRead() bool { return k.s.role == Full }

// Label returns the label of the slot that was opened.
func (k *Keyring) Label() string { return k.s.label }

// SlotName returns the object name of the slot that was opened; zeros for a
// keyring that was made and not yet opened from a slot.
func (k *Keyring) SlotName() [32]byte { return k.s.slot }

// Signer returns the public key under which the keyring signs.
func (k *Keyring) Signer() [32]byte { return k.s.signerPublic }

// Identity returns the secret from which the keys of chunk names are derived.
// The caller must not store or print it.
func (k *Keyring) Identity() [32]byte { return k.s.identity }

// SplitterSecret returns the secret that decides where files are cut. The
// caller must not store or print it.
func (k *Keyring) SplitterSecret() [32]byte { return k.s.splitter }

// Format prints the redacted form whatever the verb.
func (k Keyring) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// String returns role and signer, never a secret.
func (k Keyring) String() string {
	if k.s == nil {
		return "keyring(empty)"
	}
	return fmt.Sprintf("keyring(%s %x)", k.s.role, k.s.signerPublic[:4])
}

// LogValue makes the logger print the redacted form.
func (k Keyring) LogValue() slog.Value { return slog.StringValue(k.String()) }

var (
	_ fmt.Formatter  = Keyring{}
	_ slog.LogValuer = Keyring{}
)
