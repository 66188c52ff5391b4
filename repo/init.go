package repo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// InitOptions says what a new repository is to be. Zero fields of Config take
// the defaults.
type InitOptions struct {
	Config   Config
	Label    string     // of the first key
	Password []byte     // of the first key, whose role is full
	Argon    seal.Argon // zero: seal.DefaultArgon
	CacheDir string
}

// Init makes a repository in an empty store and opens it. The config comes
// last, so that an init that was stopped leaves no repository behind; running
// it again clears what it left and starts anew.
func Init(ctx context.Context, st store.Store, opt InitOptions) (*Repo, error) {
	config := opt.Config.withDefaults()
	var id seal.RepoID
	if _, err := rand.Read(id[:]); err != nil {
		return nil, err
	}
	config.ID = hex.EncodeToString(id[:])
	config.Created = time.Now().UTC().Truncate(time.Second)
	if err := config.check(); err != nil {
		return nil, err
	}
	if err := mustBeEmpty(ctx, st); err != nil {
		return nil, err
	}
	if err := store.ProbePutIfAbsent(ctx, st); err != nil {
		return nil, err
	}
	ring, err := seal.Generate(id)
	if err != nil {
		return nil, err
	}
	obj, err := encodeConfig(config)
	if err != nil {
		return nil, err
	}
	hash := seal.ObjectName(obj)
	if opt.Argon == (seal.Argon{}) {
		opt.Argon = seal.DefaultArgon()
	}
	slot, err := seal.SealSlot(ring, hash, opt.Label, config.Created, opt.Password, opt.Argon)
	if err != nil {
		return nil, err
	}
	if _, err := st.Put(ctx, slotName(slot), slot); err != nil {
		return nil, err
	}
	if err := log.Create(ctx, log.Options{Store: st, Sealer: ring, Config: hash, Now: time.Now}); err != nil {
		return nil, err
	}
	made, err := st.Put(ctx, store.Name{Type: store.Config}, obj)
	if err != nil {
		return nil, err
	}
	if !made {
		return nil, ErrExists
	}
	return assemble(ctx, st, config, hash, ring, Options{CacheDir: opt.CacheDir})
}

// mustBeEmpty refuses a store that holds a repository, or data of one. What an
// init that was stopped leaves, keys and the first log entry, is removed.
func mustBeEmpty(ctx context.Context, st store.Store) error {
	var left []store.Name
	for _, t := range store.Types {
		err := st.List(ctx, t, func(i store.Info) error {
			switch {
			case t == store.Config:
				return ErrExists
			case t == store.Key || t == store.Log && i.Name.Name == log.ObjectName(0).Name:
				left = append(left, i.Name)
				return nil
			}
			return fmt.Errorf("%s is there but no config: this is what remains of a repository; bring its config back from a copy, or choose an empty place", i.Name)
		})
		if err != nil {
			return err
		}
	}
	for _, n := range left {
		if err := st.Remove(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// slotName is the store's name of a key slot.
func slotName(slot []byte) store.Name {
	return store.Name{Type: store.Key, Name: Name(seal.ObjectName(slot)).String()}
}
