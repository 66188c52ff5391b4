// Package seal is the repository's cryptography: who may read, who may write,
// and how either is proved. Section numbers below are those of doc/format.md.
//
// Nouns:
//
//   - A Keyring holds the secrets of one opened key slot. Its Role says what
//     they allow: Full reads and writes, Backup only writes.
//   - A slot is the stored form of a keyring, sealed under a password.
//   - A pack key encrypts one pack. It is random, used for one image, and
//     travels in the pack's header, sealed to the repository's public key.
//   - A box is what every keyring may read: index files and log entries.
//   - A Signer is who signed an object: the key pair of one slot, certified by
//     the repository's root.
//
// Promise: what opens here is, byte for byte, what a holder of the
// repository's keys sealed, for this repository and as this kind of object;
// everything else is an error. No text that the package makes, logged or
// printed, holds a secret. All methods may be called concurrently.
package seal

import (
	"encoding/hex"
	"fmt"

	"github.com/zeebo/blake3"

	"ivyvault/chunk"
)

// RepoID is the random name of a repository, part of its config. It is mixed
// into everything sealed or signed, so no object moves between repositories.
type RepoID [32]byte

// String returns the id as 64 hexadecimal digits.
func (id RepoID) String() string { return hex.EncodeToString(id[:]) }

// Role says what a keyring may do.
type Role uint8

// The roles. Their numbers are part of the format.
const (
	Full   Role = 1 // reads, writes, forgets, prunes, adds keys
	Backup Role = 2 // writes and deduplicates, can't read what is stored
)

// Valid reports whether r is a role of this version.
func (r Role) Valid() bool { return r == Full || r == Backup }

// String returns the role's name: "full" or "backup".
func (r Role) String() string {
	switch r {
	case Full:
		return "full"
	case Backup:
		return "backup"
	}
	return fmt.Sprintf("role-%d", uint8(r))
}

// Signer is the certified author of an object.
type Signer struct {
	Role   Role
	Public [32]byte // Ed25519 public key of the author's slot
}

// ObjectName returns the name of a stored object: the plain BLAKE3-256 of its
// bytes, which anybody can check without a key.
func ObjectName(object []byte) [32]byte { return blake3.Sum256(object) }

func damaged(kind Kind, how string, err error) error {
	return &chunk.DamageError{What: kind.String(), How: how, Err: err}
}
