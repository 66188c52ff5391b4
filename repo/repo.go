// Package repo is the repository: it binds a store, keys, packs, the index and
// the log together and keeps their promises.
//
// Nouns: a Repo is an opened repository; a Snapshot is a tree at a time; a
// Writer takes the chunks of one write; Write is the only way to make a
// snapshot exist. A live object is one that the log says exists.
//
// Promises: what a Repo returns from Get was verified. A snapshot exists only
// after its packs, then its index files, then its own object are durable, and
// then its log entry was won; the closure given to Write returns the snapshot
// and never stores it itself, so a wrong order can't be written down. Any
// number of processes may read, write and prune one repository at once.
package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/log"
	"ivyvault/repo/pack"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// Repo is an opened repository. Its methods may be called concurrently.
type Repo struct {
	store  store.Store
	config Config
	id     seal.RepoID
	ring   *seal.Keyring
	keys   *chunk.Keys
	codec  *pack.Codec
	packs  *packCache
	images buffers
	spare  sync.Pool // of *scratch
	// signers holds the seal.Role of each signer of an index file that was read.
	signers sync.Map
	log     *log.Log
	current Name // the key slot after a change of password, else zero
	fold    func(context.Context, string, []index.Name, index.Fetch) error
	cache   string        // this repository's folder in the cache, "" without one
	bound   int           // Options.Concurrency
	every   time.Duration // the shortest time between index files of one write
	// same, in tests only, may exchange an object for another one that was
	// sealed from the same plaintext, so that runs repeat byte by byte.
	same func(store.Type, []byte) []byte

	index atomic.Pointer[index.Table] // nil until it is needed

	mu      sync.Mutex // guards what follows
	state   *log.State
	retired []*index.Table // replaced by a fold of this process; closed at the end
	indexAt uint64         // log position up to which index is complete, 0 if never read
	adopted map[Name]bool  // index files that the present write may use though they are not live
	writing bool           // a write is under way
}

// Options says how a repository is opened.
type Options struct {
	Password []byte // opens one of the key slots
	CacheDir string // root of the local cache; "" works without one
	// Fold rewrites the index in the cache folder beside running readers, in a
	// process of its own: see index.Fold. nil keeps the whole index in memory.
	Fold func(ctx context.Context, dir string, live []index.Name, fetch index.Fetch) error
	// TableCache bounds the memory of opened packs' tables, in bytes; 0 is 8 MiB.
	TableCache int
	// Concurrency bounds how many operations of the store one write, prune or
	// reading of the index has under way at once; 0 leaves it to each of them.
	Concurrency int
	// entries, in tests only, seals and opens the log's entries in the place of
	// the keys.
	entries func(*Repo) log.Sealer
}

// Open opens the repository in st with a password. It fails with an error that
// Is store.ErrNoRepository where there is none, ErrWrongPassword where no key
// slot opens. The Repo owns st from then on and closes it.
func Open(ctx context.Context, st store.Store, opt Options) (*Repo, error) {
	obj, err := st.Get(ctx, store.Name{Type: store.Config}, 0, -1)
	if errors.Is(err, store.ErrNotExist) {
		return nil, fmt.Errorf("%w: 'ivyvault init' makes one", store.ErrNoRepository)
	}
	if err != nil {
		return nil, err
	}
	config, err := decodeConfig(obj)
	if err != nil {
		return nil, err
	}
	ring, err := openAnySlot(ctx, st, config, obj, opt)
	if err != nil {
		return nil, err
	}
	return assemble(ctx, st, config, seal.ObjectName(obj), ring, opt)
}

// assemble builds the Repo around an opened keyring and reads the log.
func assemble(ctx context.Context, st store.Store, config Config, configHash [32]byte, ring *seal.Keyring, opt Options) (*Repo, error) {
	id, err := config.repoID()
	if err != nil {
		return nil, err
	}
	codec, err := pack.NewCodec(config.Compression)
	if err != nil {
		return nil, err
	}
	if opt.TableCache == 0 {
		opt.TableCache = 8 << 20
	}
	r := &Repo{
		store: st, config: config, id: id, ring: ring,
		keys: chunk.NewKeys(ring.Identity()), codec: codec,
		packs: newPackCache(opt.TableCache), fold: opt.Fold, adopted: map[Name]bool{},
		bound: opt.Concurrency, every: flushEvery,
	}
	if opt.CacheDir != "" {
		r.cache = filepath.Join(opt.CacheDir, config.ID[:16])
		if err := os.MkdirAll(r.cache, 0o700); err != nil {
			return nil, fmt.Errorf("the cache folder can't be made: %w: choose another with --cache-dir, or --no-cache", err)
		}
	}
	sealer := log.Sealer(ring)
	if opt.entries != nil {
		sealer = opt.entries(r)
	}
	r.log, err = log.Open(ctx, log.Options{Store: st, Sealer: sealer, Config: configHash, CacheFile: r.cachePath("log"), Now: time.Now})
	if err != nil {
		return nil, err
	}
	r.state = r.log.State()
	r.loadSigners()
	return r, nil
}

// cachePath joins a path to the repository's cache folder; "" stays "".
func (r *Repo) cachePath(elem string) string {
	if r.cache == "" {
		return ""
	}
	return filepath.Join(r.cache, elem)
}

// CachePath returns the path of a file in this repository's cache folder, or ""
// where the repository was opened without a cache.
func (r *Repo) CachePath(elem string) string { return r.cachePath(elem) }

// Config returns what is fixed for the life of the repository.
func (r *Repo) Config() Config { return r.config }

// Role returns the role of the key that opened the repository.
func (r *Repo) Role() seal.Role { return r.ring.Role() }

// CanRead reports whether the key can read what is stored.
func (r *Repo) CanRead() bool { return r.ring.CanRead() }

// Keys returns the keyed hashing of chunk names.
func (r *Repo) Keys() *chunk.Keys { return r.keys }

// SplitterSecret returns the secret by which writers cut files and directories.
func (r *Repo) SplitterSecret() [32]byte { return r.ring.SplitterSecret() }

// AtOnce returns how many operations of the store may be under way at once
// where the caller would have most.
func (r *Repo) AtOnce(most int) int {
	if r.bound > 0 {
		return min(r.bound, most)
	}
	return most
}

// Store returns the medium, for verbs that look at objects as such.
func (r *Repo) Store() store.Store { return r.store }

// State returns the log's state as of the last refresh.
func (r *Repo) State() *log.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// Refresh reads the log on. It reports whether there was anything new, and
// brings a loaded index up to it.
func (r *Repo) Refresh(ctx context.Context) (changed bool, err error) {
	state, err := r.log.Refresh(ctx)
	if err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	changed = r.advance(state)
	if r.indexAt != 0 {
		err = r.syncIndex(ctx)
	}
	return changed, err
}

// advance makes state the present one unless a newer one is: of two that read
// at once the later may have seen less. The caller holds mu.
func (r *Repo) advance(state *log.State) bool {
	if state.Head().Number <= r.state.Head().Number {
		return false
	}
	r.state = state
	return true
}

// RefreshSince reads the log on and reports whether it is beyond entry head, a
// head that the caller saw. Whoever looks for changes must ask so: Refresh tells
// of a change only once, to whom happens to call it first.
func (r *Repo) RefreshSince(ctx context.Context, head log.Head) (changed bool, err error) {
	if _, err := r.Refresh(ctx); err != nil {
		return false, err
	}
	return r.State().Head() != head, nil
}

// Close frees the index and the store.
func (r *Repo) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.codec.Close()
	var all []error
	for _, ix := range append(r.retired, r.index.Load()) {
		if ix != nil {
			all = append(all, ix.Close())
		}
	}
	return errors.Join(append(all, r.store.Close())...)
}
