package repo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/log"
	"ivyvault/repo/pack"
	"ivyvault/repo/seal"
)

var _ chunk.Putter = (*Writer)(nil)

// uploaders is how many packs are on their way to the store at once. To name and
// to write one takes a fraction of the time that filling the next takes, and each
// more costs the memory of a pack: doc/decisions.md, 14.
const uploaders = 1

// Writer takes the chunks of one write. Put may be called concurrently. It
// lives as long as the closure that it was given to.
type Writer struct {
	r     *Repo
	outer context.Context // the caller's
	ctx   context.Context // ends when an upload failed, and after the last
	group *errgroup.Group
	slots chan struct{} // bounds uploads, and with them the images in memory
	base  *log.State    // the log as of the beginning: what is relied on lived then
	run   log.Run       // names this write in keeps
	began time.Time

	claims claims
	data   image // open data pack
	tree   image // open tree pack

	flushing sync.Mutex // one index file is written at a time

	mu       sync.Mutex        // guards what follows
	relies   map[Name]struct{} // packs of others that this write relies on
	parents  []log.Name        // snapshots whose contents were taken over
	used     map[Name]struct{} // index files of earlier runs that must be committed too
	byPack   map[Name]Name     // pack of an earlier run → its index file
	own      map[Name]struct{} // packs uploaded by this write
	lost     map[Name]struct{} // packs that the index names but that are not there
	pending  []index.Pack      // uploaded, in no index file yet
	indexed  []Name            // index files written by this write
	packs    int               // uploaded so far
	flushed  time.Time         // when the last index file was written
	lastRef  chunk.Ref         // the last ref found live, for Reuse
	counters Counters
}

// Counters tells what a Writer put, in bytes and pieces.
type Counters struct {
	Chunks     int64 // chunks asked to be put
	New        int64 // of these, not in the repository before
	NewPlain   int64 // plaintext bytes of the new ones
	PacksBytes int64 // bytes of the packs uploaded, everything included
	Packs      int64
}

// newWriter begins a write at the log's present end.
func (r *Repo) newWriter(ctx context.Context) (*Writer, error) {
	base, err := r.beginWriting(ctx)
	if err != nil {
		return nil, err
	}
	w := &Writer{
		r: r, base: base, slots: make(chan struct{}, r.AtOnce(uploaders)), began: time.Now(),
		relies: map[Name]struct{}{}, used: map[Name]struct{}{}, byPack: map[Name]Name{}, own: map[Name]struct{}{},
		lost: map[Name]struct{}{},
	}
	w.claims.init()
	w.data.kind, w.tree.kind = pack.DataPack, pack.TreePack
	rand.Read(w.run[:]) // never fails
	w.flushed = w.began
	w.outer = ctx
	w.group, w.ctx = errgroup.WithContext(ctx)
	if err := w.adopt(ctx); err != nil {
		r.endWriting()
		return nil, err
	}
	return w, nil
}

// beginWriting refreshes the log and leaves nothing in the index but what the
// log as of now vouches for. What an earlier write of this process uploaded and
// no keep names may have been swept without a trace since.
func (r *Repo) beginWriting(ctx context.Context) (*log.State, error) {
	state, err := r.log.Refresh(ctx)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writing {
		return nil, errBusy
	}
	r.advance(state)
	r.indexAt = 0
	clear(r.adopted)
	if r.ix() != nil {
		r.ix().Abandon(r.ring.Signer())
	}
	if err := r.syncIndex(ctx); err != nil {
		return nil, err
	}
	r.writing = true
	return r.state, nil
}

// endWriting lets the next write begin.
func (r *Repo) endWriting() {
	r.images.release()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = false
}

// adopt makes the packs of this key's unfinished runs usable: their index files
// are named by keeps. They become live only by this write's commit.
func (w *Writer) adopt(ctx context.Context) error {
	r := w.r
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, keep := range w.base.Keeps() {
		for _, n := range keep.Index {
			name := Name(n)
			if r.ix().Has(n) {
				continue // live by now
			}
			f, signer, err := r.readIndexFile(ctx, name)
			if err != nil || signer.Public != r.ring.Signer() {
				continue // another key's, or gone: these packs are only not used
			}
			r.adopted[name] = true
			if err := r.ix().Add(n, signer.Public, f); err != nil {
				continue
			}
			for _, p := range f.Packs {
				w.byPack[Name(p.Name)] = name
			}
		}
	}
	return nil
}

// trusted reports whether this key may deduplicate against a signer's word.
func (w *Writer) trusted(signer [32]byte) bool {
	return signer == w.r.ring.Signer() || w.r.signerRole(signer) == seal.Full
}

// Put stores a chunk unless the repository has it. See chunk.Putter.
func (w *Writer) Put(ctx context.Context, kind chunk.Kind, p []byte) (chunk.Ref, error) {
	if len(p) == 0 || len(p) > chunk.MaxSize {
		return chunk.Ref{}, fmt.Errorf("a chunk of %d bytes can't be stored", len(p))
	}
	if err := w.ctx.Err(); err != nil {
		return chunk.Ref{}, context.Cause(w.ctx)
	}
	s, _ := w.r.spare.Get().(*scratch)
	if s == nil {
		s = new(scratch)
	}
	defer w.r.spare.Put(s)
	ref, hashes := w.r.keys.Name(kind, p, s.hashes[:0])
	s.hashes = hashes
	if w.has(ref) || !w.claims.claim(ref) {
		w.count(Counters{Chunks: 1})
		return ref, nil
	}
	w.count(Counters{Chunks: 1, New: 1, NewPlain: int64(len(p))})
	return ref, w.add(ctx, ref, w.r.codec.Frames(&s.frames, p, hashes))
}

// Reuse reports whether a chunk that an earlier snapshot refers to may be
// referred to again, and notes that the write relies on it. Where it is false
// the content must be read and put.
func (w *Writer) Reuse(ref chunk.Ref) bool {
	w.mu.Lock()
	same := w.lastRef == ref
	w.mu.Unlock()
	return same || w.has(ref)
}

// UseParent notes that contents are taken over from the snapshot, so that the
// write fails and begins again where the snapshot is swept meanwhile. It
// reports whether the snapshot still exists. Several may be noted, where parts
// of a tree come from different ones.
func (w *Writer) UseParent(id Name) bool {
	if _, live := w.base.Form(id); !live {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.parents, log.Name(id)) {
		w.parents = append(w.parents, log.Name(id))
	}
	return true
}

// has looks a chunk up among what this key may rely on, and whose pack is there.
func (w *Writer) has(ref chunk.Ref) bool {
	loc, ok := w.r.ix().Find(ref.ID, ref.Kind, w.trusted)
	if !ok {
		return false
	}
	if loc.Size == ref.Size && w.rely(loc) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lastRef = ref
		return true
	}
	for _, loc := range w.r.ix().All(ref.ID, ref.Kind, nil) {
		if loc.Size == ref.Size && w.trusted(loc.Signer) && w.rely(loc) {
			return true
		}
	}
	return false
}

// rely notes that the write relies on a pack. It is false where the pack is
// gone or cut short: the log does not know of damage, so it is looked at once,
// before anything refers to it anew.
func (w *Writer) rely(loc index.Location) bool {
	name := Name(loc.Pack)
	w.mu.Lock()
	_, own := w.own[name]
	_, known := w.relies[name]
	_, lost := w.lost[name]
	w.mu.Unlock()
	if own || known {
		return true
	}
	if lost {
		return false
	}
	tail, err := w.r.store.Get(w.ctx, packName(name), loc.PackSize-pack.TrailerSize, pack.TrailerSize)
	there := err == nil && len(tail) == pack.TrailerSize
	w.mu.Lock()
	defer w.mu.Unlock()
	if !there {
		w.lost[name] = struct{}{}
		return false
	}
	if ix, ok := w.byPack[name]; ok {
		w.used[ix] = struct{}{}
	}
	w.relies[name] = struct{}{}
	return true
}

// Lost returns how many packs this write found gone or cut short. What they
// held and was needed it stored again; 'check' tells what else suffers.
func (w *Writer) Lost() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.lost)
}

func (w *Writer) count(c Counters) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counters.Chunks += c.Chunks
	w.counters.New += c.New
	w.counters.NewPlain += c.NewPlain
	w.counters.Packs += c.Packs
	w.counters.PacksBytes += c.PacksBytes
}

// Counters returns what was put so far.
func (w *Writer) Counters() Counters {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counters
}

// relied returns all that the commit depends on.
func (w *Writer) relied() log.Relies {
	w.mu.Lock()
	defer w.mu.Unlock()
	return log.Relies{Packs: set(w.relies), Own: set(w.own), Index: setOf(w.commitIndexLocked()), Parents: slices.Clone(w.parents)}
}

// commitIndex returns the index files that the commit makes live.
func (w *Writer) commitIndex() []log.Name {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.commitIndexLocked()
}

func (w *Writer) commitIndexLocked() []log.Name {
	out := make([]log.Name, 0, len(w.used)+len(w.indexed))
	for n := range w.used {
		out = append(out, n)
	}
	for _, n := range w.indexed {
		out = append(out, n)
	}
	return out
}

func set(names map[Name]struct{}) log.Set {
	s := make(log.Set, len(names))
	for n := range names {
		s.Add(n)
	}
	return s
}

func setOf(names []log.Name) log.Set {
	s := make(log.Set, len(names))
	for _, n := range names {
		s.Add(n)
	}
	return s
}

// finish closes the open packs, waits for all uploads and writes what no index
// file holds yet.
func (w *Writer) finish() error {
	if err := errors.Join(w.closeImage(&w.tree), w.closeImage(&w.data)); err != nil {
		return err
	}
	if err := w.group.Wait(); err != nil {
		return err
	}
	return w.flushIndex(w.outer, true) // w.ctx ended with the last upload
}

// stop waits for the uploads that are under way.
func (w *Writer) stop() error { return w.group.Wait() }

// scratch is what one Put needs beside the chunk.
type scratch struct {
	hashes []chunk.ID
	frames pack.Scratch
}
