package repo

import (
	"context"
	"errors"
	"fmt"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/pack"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// Rewriter copies chunks into new packs. It deduplicates against nothing: a
// chunk that is asked for twice is stored twice. What it stored is used only
// once a log entry names its index files. It is for one goroutine at a time.
type Rewriter struct {
	r       *Repo
	open    [2]*pack.Builder // data, tree
	buf     [2][]byte
	scratch pack.Scratch
	stored  func(index.Pack) error
	packs   []Name // stored, in the order in which they were
}

// NewRewriter begins a copy. It needs a full key. stored is called with each
// new pack, as an index file is to list it, once it is stored; nothing but its
// name is kept, so that memory does not grow with what is copied.
func (r *Repo) NewRewriter(stored func(index.Pack) error) (*Rewriter, error) {
	if r.ring.Role() != seal.Full {
		return nil, &roleError{"copy what is stored"}
	}
	return &Rewriter{r: r, stored: stored}, nil
}

// copyRead is how much is read at once, and copyGap what is read in vain rather
// than reading twice.
const (
	copyRead = 4 << 20
	copyGap  = 64 << 10
)

// Copy copies the chunks of p whose numbers are given, in ascending order. Each
// is verified first; where this copy is damaged another one is taken.
func (w *Rewriter) Copy(ctx context.Context, p *index.Pack, chunks []uint32) error {
	opened, err := w.r.openPack(ctx, Name(p.Name), p.Size)
	if err == nil {
		err = sameTable(opened.table, p)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		for _, i := range chunks {
			if err := w.fromOther(ctx, refOf(p, i), err); err != nil {
				return err
			}
		}
		return nil
	}
	for len(chunks) > 0 {
		// A run of chunks that stand close together is read at once.
		from, end := place(opened.table, chunks[0])
		n := 1
		for n < len(chunks) {
			a, b := place(opened.table, chunks[n])
			if a-end > copyGap || b-from > copyRead {
				break
			}
			end = b
			n++
		}
		data, err := w.r.store.Get(ctx, packName(Name(p.Name)), from, end-from)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, i := range chunks[:n] {
			ref := refOf(p, i)
			a, b := place(opened.table, i)
			failed := err
			var frames []pack.Frame
			if failed == nil && b-from > int64(len(data)) {
				failed = &chunk.DamageError{What: "pack " + Name(p.Name).String(), How: "it is cut short"}
			}
			if failed == nil {
				frames, failed = opened.table.CopyFrames(&w.scratch, data[a-from:b-from], opened.aead, int(i), w.r.codec, w.r.keys)
			}
			if failed != nil {
				failed = w.fromOther(ctx, ref, failed)
			} else {
				failed = w.add(ctx, ref, frames)
			}
			if failed != nil {
				return failed
			}
		}
		chunks = chunks[n:]
	}
	return nil
}

func refOf(p *index.Pack, i uint32) chunk.Ref {
	c := &p.Chunks[i]
	return chunk.Ref{ID: c.ID, Kind: c.Kind, Size: c.Size}
}

func place(t *pack.Table, i uint32) (from, end int64) {
	from, n := t.Range(int(i), 0, t.Entry(int(i)).Ref.Frames())
	return from, from + n
}

// fromOther copies a chunk from wherever else it is.
func (w *Rewriter) fromOther(ctx context.Context, ref chunk.Ref, why error) error {
	p, err := w.r.Get(ctx, ref)
	if err != nil {
		return fmt.Errorf("nothing was removed: a chunk that a snapshot needs can't be copied; 'ivyvault check --read-data' tells which files suffer: %w", errors.Join(why, err))
	}
	var hashes []chunk.ID
	_, hashes = w.r.keys.Name(ref.Kind, p, hashes)
	return w.add(ctx, ref, w.r.codec.Frames(&w.scratch, p, hashes))
}

func (w *Rewriter) add(ctx context.Context, ref chunk.Ref, frames []pack.Frame) error {
	kind := pack.KindFor(ref.Kind)
	i := int(kind - pack.DataPack)
	for {
		if w.open[i] == nil {
			header, aead, err := w.r.ring.NewPackKey(kind)
			if err != nil {
				return err
			}
			w.buf[i] = w.r.images.get(w.r.config.PackSize)
			w.open[i] = pack.NewBuilder(header, aead, kind, w.buf[i])
		}
		ok, err := w.open[i].Add(ref, frames)
		if err != nil {
			return err
		}
		if ok {
			return nil
		}
		if err := w.flush(ctx, i); err != nil {
			return err
		}
	}
}

// flush stores the open pack of a kind.
func (w *Rewriter) flush(ctx context.Context, i int) error {
	if w.open[i] == nil {
		return nil
	}
	image, err := w.open[i].Finish()
	if err != nil {
		return err
	}
	w.open[i] = nil
	name, err := w.r.putNamed(ctx, store.Pack, image.Bytes)
	if err != nil {
		return err
	}
	p := index.Pack{Name: name, Kind: image.Kind, Size: int64(len(image.Bytes)), Chunks: make([]index.Chunk, len(image.Entries))}
	for k, e := range image.Entries {
		p.Chunks[k] = index.Chunk{Kind: e.Ref.Kind, ID: e.Ref.ID, Size: e.Ref.Size, Stored: e.Stored}
	}
	w.packs = append(w.packs, name)
	w.r.images.put(w.buf[i])
	return w.stored(p)
}

// Finish stores what is open.
func (w *Rewriter) Finish(ctx context.Context) error {
	for i := range w.open {
		if err := w.flush(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// Packs returns the names of the packs stored so far.
func (w *Rewriter) Packs() []Name { return w.packs }

// VerifyCopy reads one stored copy of a chunk and verifies it.
func (r *Repo) VerifyCopy(ctx context.Context, ref chunk.Ref, at index.Location) error {
	_, err := r.readAt(ctx, at, nil, ref, 0, int(ref.Size))
	return err
}
