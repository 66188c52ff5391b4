package log

import (
	"context"

	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// Signer is who signed an entry.
type Signer = seal.Signer

// Sealer makes and opens objects of the kind log entry. *seal.Keyring is one.
type Sealer interface {
	SealBox(prefix []byte, kind seal.Kind, plain []byte) ([]byte, error)
	OpenBox(object []byte, prefixLen int, kind seal.Kind) ([]byte, seal.Signer, error)
	// Role is the role of the signer that SealBox signs with.
	Role() seal.Role
}

var _ Sealer = (*seal.Keyring)(nil)

// Medium is what the log needs of a store: an atomic put-if-absent, and a Get
// by name that sees every finished Put. It never lists.
type Medium interface {
	Put(ctx context.Context, name store.Name, data []byte) (made bool, err error)
	Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error)
}

var _ Medium = store.Store(nil)
