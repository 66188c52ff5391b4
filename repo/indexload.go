package repo

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// indexReaders is how many index files are read at once.
const indexReaders = 4

// syncIndex brings the index to what the log says: new files are read and
// added, those that are no more live dropped. Where that is much, the cache's
// index is folded first, so that memory stays bounded. The caller holds mu.
func (r *Repo) syncIndex(ctx context.Context) error { return r.syncIndexBut(ctx, nil) }

// syncIndexBut is syncIndex where a damaged index file is told to wrong and left
// out. With a nil wrong it is an error. wrong may be told twice of one, and by
// several goroutines at once.
func (r *Repo) syncIndexBut(ctx context.Context, wrong func(Name, error)) error {
	at := r.state.Head().Number + 1
	if r.indexAt == at {
		return nil
	}
	if r.ix() == nil {
		r.openIndex()
	}
	want := r.wantedIndex()
	full, err := r.readIndexFiles(ctx, r.ix().Reconcile(want), wrong)
	if full && err == nil {
		err = r.foldIndex(ctx, want, wrong)
	}
	if err != nil {
		return err
	}
	if wrong == nil { // else the next one, who may not know of damage, has to be told
		r.indexAt = at
	}
	return nil
}

// ix is the present index, nil before it was first needed.
func (r *Repo) ix() *index.Table { return r.index.Load() }

func (r *Repo) openIndex() {
	if dir := r.cachePath("index"); dir != "" {
		r.index.Store(index.Open(dir))
	} else {
		r.index.Store(index.New())
	}
}

// wantedIndex names the live index files and those that the present write uses.
func (r *Repo) wantedIndex() []log.Name {
	want := r.state.Index()
	for n := range r.adopted {
		if r.ix().Has(n) && !r.state.HasIndex(n) {
			want = append(want[:len(want):len(want)], n)
		}
	}
	return want
}

// largeIndexFile is the size in bytes from which on index files are decoded one
// at a time: decoded, with what decoding takes, they are three times as large.
const largeIndexFile = 2 << 20

// readIndexFiles reads index files and adds them to the index. It stops and
// reports full where so much would come together that a fold should come first. A
// file that is gone may have been replaced by a sweep that this view of the log
// doesn't know yet; a chunk that is missed for it makes its reader look at the
// log again.
func (r *Repo) readIndexFiles(ctx context.Context, missing []log.Name, wrong func(Name, error)) (full bool, err error) {
	var stop atomic.Bool
	var learned atomic.Bool
	var large sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(r.AtOnce(indexReaders))
	for _, n := range missing {
		if stop.Load() {
			break
		}
		g.Go(func() error {
			obj, err := r.getIndexFile(ctx, Name(n))
			if errors.Is(err, store.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if len(obj) >= largeIndexFile {
				large.Lock()
				defer large.Unlock()
			}
			if stop.Load() {
				return nil // the fold takes it in
			}
			f, signer, err := r.openIndexFile(Name(n), obj)
			if wrong != nil && errors.Is(err, chunk.ErrDamaged) {
				wrong(Name(n), err)
				return nil
			}
			if err != nil {
				return err
			}
			if r.learn(signer) {
				learned.Store(true)
			}
			if r.shouldFold(f.Chunks()) {
				stop.Store(true)
				return nil
			}
			return r.ix().Add(n, signer.Public, f)
		})
	}
	err = g.Wait()
	if learned.Load() {
		r.saveSigners()
	}
	// Files that were decoded at the same time may each have found room alone.
	return stop.Load() || r.shouldFold(0), err
}

// shouldFold reports whether a fold should come before more locations are put
// into memory, and can be made.
func (r *Repo) shouldFold(more int) bool {
	return r.fold != nil && !r.writing && r.cache != "" && r.ix().ShouldFold(more)
}

// foldIndex rewrites the cache's index and opens it anew. Where that fails, or
// another process is at it, all that is missing goes into memory.
func (r *Repo) foldIndex(ctx context.Context, want []log.Name, wrong func(Name, error)) error {
	live := r.state.Index()
	debug.FreeOSMemory() // what this process only keeps for later must not stand beside the memory of the fold
	err := r.fold(ctx, r.cachePath("index"), live, func(ctx context.Context, n index.Name) (index.Signer, []byte, error) {
		obj, err := r.getIndexFile(ctx, Name(n))
		if errors.Is(err, store.ErrNotExist) {
			return index.Signer{}, nil, index.ErrLeaveOut
		}
		if err != nil {
			return index.Signer{}, nil, err
		}
		encoded, signer, err := r.unsealIndexFile(Name(n), obj)
		if errors.Is(err, chunk.ErrDamaged) {
			return index.Signer{}, nil, index.ErrLeaveOut // told below, where it is missing still
		}
		if err == nil && r.learn(signer) {
			r.saveSigners()
		}
		return signer.Public, encoded, err
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		old := r.ix()
		r.openIndex()
		// Readers may still look things up in the old one; it is closed with them.
		r.retired = append(r.retired, old)
	}
	fold := r.fold
	r.fold = nil // once is enough for one process, and a failure is not repeated
	_, err = r.readIndexFiles(ctx, r.ix().Reconcile(want), wrong)
	if err == nil {
		r.fold = fold
	}
	return err
}

// learn notes the role of a signer and reports whether it was new.
func (r *Repo) learn(s seal.Signer) bool {
	_, known := r.signers.Swap(s.Public, s.Role)
	return !known
}

// signerRole returns the role of a signer of index files, 0 where it isn't known.
func (r *Repo) signerRole(signer [32]byte) seal.Role {
	role, _ := r.signers.Load(signer)
	known, _ := role.(seal.Role)
	return known
}

// signersFile keeps the roles beside the cache's index, which names signers by
// their keys only. A signer that it lacks is not deduplicated against.
const signersFile = "signers"

func (r *Repo) loadSigners() {
	p, err := os.ReadFile(r.cachePath(signersFile))
	if err != nil {
		return
	}
	roles := map[string]seal.Role{}
	if json.Unmarshal(p, &roles) != nil {
		return
	}
	for k, role := range roles {
		var key [32]byte
		if b, err := hex.DecodeString(k); err == nil && copy(key[:], b) == len(key) {
			r.signers.Store(key, role)
		}
	}
}

func (r *Repo) saveSigners() {
	if r.cache == "" {
		return
	}
	roles := map[string]seal.Role{}
	r.signers.Range(func(k, v any) bool {
		key, _ := k.([32]byte)
		roles[hex.EncodeToString(key[:])], _ = v.(seal.Role)
		return true
	})
	if p, err := json.Marshal(roles); err == nil {
		r.replaceCacheFile(signersFile, p)
	}
}

// Index returns the table of all locations of chunks, complete as of the last
// Refresh. The Repo goes on using it.
func (r *Repo) Index(ctx context.Context) (*index.Table, error) {
	if err := r.LoadIndex(ctx); err != nil {
		return nil, err
	}
	return r.ix(), nil
}
