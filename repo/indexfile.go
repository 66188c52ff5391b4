package repo

import (
	"context"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// readIndexFile reads, verifies and decodes one index file.
func (r *Repo) readIndexFile(ctx context.Context, name Name) (index.File, seal.Signer, error) {
	obj, err := r.getIndexFile(ctx, name)
	if err != nil {
		return index.File{}, seal.Signer{}, err
	}
	return r.openIndexFile(name, obj)
}

// getIndexFile reads the object that an index file is.
func (r *Repo) getIndexFile(ctx context.Context, name Name) ([]byte, error) {
	return r.store.Get(ctx, store.Name{Type: store.Index, Name: name.String()}, 0, -1)
}

// openIndexFile verifies and decodes the object that an index file is.
func (r *Repo) openIndexFile(name Name, obj []byte) (index.File, seal.Signer, error) {
	encoded, signer, err := r.unsealIndexFile(name, obj)
	if err != nil {
		return index.File{}, signer, err
	}
	f, err := index.Decode(encoded)
	if err != nil {
		return f, signer, wrapWhat(indexFileWhat(name), err)
	}
	return f, signer, nil
}

// unsealIndexFile verifies the object that an index file is and returns what it
// holds, as index.Encode made it.
func (r *Repo) unsealIndexFile(name Name, obj []byte) ([]byte, seal.Signer, error) {
	if seal.ObjectName(obj) != name {
		return nil, seal.Signer{}, &chunk.DamageError{What: indexFileWhat(name), How: "its bytes do not have its name"}
	}
	encoded, signer, err := r.ring.OpenBox(obj, seal.HeadSize, seal.KindIndex)
	if err != nil {
		return nil, signer, wrapWhat(indexFileWhat(name), err)
	}
	return encoded, signer, nil
}

func indexFileWhat(name Name) string { return "index file " + name.String() }
