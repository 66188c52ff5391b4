package repo

import (
	"context"
	"errors"
	"sync"
	"time"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/log"
	"ivyvault/repo/pack"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// image is the open pack of one kind.
type image struct {
	kind uint8
	mu   sync.Mutex
	b    *pack.Builder
	buf  []byte
}

// add puts a chunk's frames into the open pack of its kind, beginning another
// where they don't fit.
func (w *Writer) add(ctx context.Context, ref chunk.Ref, frames []pack.Frame) error {
	img := &w.data
	if pack.KindFor(ref.Kind) == pack.TreePack {
		img = &w.tree
	}
	for {
		b, err := w.builder(img)
		if err != nil {
			return err
		}
		ok, err := b.Add(ref, frames)
		if ok || err != nil {
			return err
		}
		if err := w.closeFull(ctx, img, b); err != nil {
			return err
		}
	}
}

// builder returns the open pack, making one where there is none.
func (w *Writer) builder(img *image) (*pack.Builder, error) {
	img.mu.Lock()
	defer img.mu.Unlock()
	if img.b != nil {
		return img.b, nil
	}
	header, aead, err := w.r.ring.NewPackKey(img.kind)
	if err != nil {
		return nil, err
	}
	img.buf = w.r.images.get(w.r.config.PackSize)
	img.b = pack.NewBuilder(header, aead, img.kind, img.buf)
	return img.b, nil
}

// closeFull hands a full pack to an upload. Of several goroutines that found it
// full the first does it.
func (w *Writer) closeFull(ctx context.Context, img *image, full *pack.Builder) error {
	img.mu.Lock()
	defer img.mu.Unlock()
	if img.b != full {
		return nil
	}
	// Waiting here, under the lock, is what bounds the images in memory.
	select {
	case w.slots <- struct{}{}:
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
	buf := img.buf
	img.b, img.buf = nil, nil
	w.group.Go(func() error {
		err := w.upload(full, buf)
		if err == nil {
			<-w.slots // after a failure nothing waits for a slot: the write is over
		}
		return err
	})
	return nil
}

// closeImage hands what is open to an upload, if anything is.
func (w *Writer) closeImage(img *image) error {
	img.mu.Lock()
	b := img.b
	img.mu.Unlock()
	if b == nil {
		return nil
	}
	return w.closeFull(w.ctx, img, b)
}

// upload completes a pack, stores it, and makes its chunks known.
func (w *Writer) upload(b *pack.Builder, buf []byte) error {
	image, err := b.Finish()
	if errors.Is(err, pack.ErrEmpty) {
		w.r.images.put(buf)
		return nil
	}
	if err != nil {
		return err
	}
	name, err := w.r.putNamed(w.ctx, store.Pack, image.Bytes)
	if err != nil {
		return err
	}
	p := index.Pack{Name: name, Kind: image.Kind, Size: int64(len(image.Bytes)), Chunks: make([]index.Chunk, len(image.Entries))}
	for i, e := range image.Entries {
		p.Chunks[i] = index.Chunk{Kind: e.Ref.Kind, ID: e.Ref.ID, Size: e.Ref.Size, Stored: e.Stored}
	}
	w.r.images.put(buf)
	w.count(Counters{Packs: 1, PacksBytes: p.Size})
	w.mu.Lock()
	w.own[name] = struct{}{}
	w.pending = append(w.pending, p)
	w.packs++
	w.mu.Unlock()
	if err := w.r.ix().AddPack(w.r.ring.Signer(), p); err != nil {
		return err
	}
	for _, e := range image.Entries {
		w.claims.release(e.Ref)
	}
	return w.flushIndex(w.ctx, false)
}

// The rule for index files within a run: at the latest when a fortieth of all
// that was uploaded is in none yet, but not more often than flushEvery. So a
// run that is killed loses at most that, and a long one writes few of them.
const (
	flushShare = 40
	flushEvery = 250 * time.Millisecond
)

// flushIndex writes an index file of the packs that are in none, and tells the
// log that this run keeps it, where the rule above says so or last is set.
func (w *Writer) flushIndex(ctx context.Context, last bool) error {
	w.flushing.Lock()
	defer w.flushing.Unlock()
	w.mu.Lock()
	due := len(w.pending) > 0 && (last || len(w.pending) > w.packs/flushShare && time.Since(w.flushed) >= w.r.every)
	packs := w.pending
	if due {
		w.pending = nil
	}
	w.mu.Unlock()
	if !due {
		return nil
	}
	name, err := w.r.putIndexFile(ctx, index.File{Packs: packs})
	if err != nil {
		return err
	}
	packNames := make([]index.Name, len(packs))
	for i, p := range packs {
		packNames[i] = p.Name
	}
	w.r.mu.Lock()
	w.r.adopted[name] = true
	w.r.ix().Settle(name, w.r.ring.Signer(), packNames...)
	w.r.mu.Unlock()
	w.mu.Lock()
	w.indexed = append(w.indexed, name)
	w.flushed = time.Now()
	keep := log.Keep{Run: w.run}
	if len(w.parents) > 0 { // the format has room for one; safety needs none
		keep.Parent = w.parents[0]
	}
	for _, n := range w.indexed {
		keep.Index = append(keep.Index, n)
	}
	w.mu.Unlock()
	if last {
		return nil // the commit follows at once
	}
	_, err = w.r.log.Update(ctx, func(now *log.State) (log.Body, error) {
		if err := log.CanCommit(w.base, now, w.relied()); err != nil {
			return nil, err
		}
		return keep, nil
	})
	return err
}

// putIndexFile stores an index file and returns its name.
func (r *Repo) putIndexFile(ctx context.Context, f index.File) (Name, error) {
	plain, err := index.Encode(f)
	if err != nil {
		return Name{}, err
	}
	obj, err := r.ring.SealBox(seal.AppendHead(nil, seal.KindIndex), seal.KindIndex, plain)
	if err != nil {
		return Name{}, err
	}
	return r.putNamed(ctx, store.Index, obj)
}
