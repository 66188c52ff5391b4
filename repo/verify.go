package repo

import (
	"context"
	"errors"
	"fmt"

	"github.com/zeebo/blake3"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/pack"
	"ivyvault/repo/store"
)

// verifyPiece is how much of a pack is read at once while it is verified: large
// enough for the medium, small enough to stay in the processor's cache from
// hashing to decryption.
const verifyPiece = 4 << 20

// Verifier verifies whole packs. It is for one goroutine at a time.
type Verifier struct {
	r      *Repo
	hasher *blake3.Hasher
	plain  []byte
}

// NewVerifier returns a Verifier with room of its own.
func (r *Repo) NewVerifier() *Verifier { return &Verifier{r: r, hasher: blake3.New()} }

// Pack reads a whole pack and verifies all there is: its name, header, table,
// that the table is what the index lists, each frame, the padding. bad are the
// numbers of chunks that can't be read from it; err says what is wrong, with
// the pack or with the first such chunk. Where err is nil the pack is whole.
// Under a key that can't read only name and size are verified.
func (v *Verifier) Pack(ctx context.Context, p *index.Pack) (bad []uint32, err error) {
	r, name := v.r, Name(p.Name)
	what := "pack " + name.String()
	var opened *openedPack
	if r.CanRead() {
		r.packs.drop(name) // what was opened before may have been whole then
		if opened, err = r.openPack(ctx, name, p.Size); err == nil {
			err = sameTable(opened.table, p)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			opened, bad = nil, allOf(p)
			err = wrapWhat(what, err)
			if errors.Is(err, store.ErrNotExist) || !errors.Is(err, chunk.ErrDamaged) {
				return bad, err
			}
		}
	}
	again, reuses := store.Ability[store.Reuser](r.store)
	v.hasher.Reset()
	next, at := 0, int64(0)
	for at < p.Size {
		end, last := v.piece(p, next, at)
		data, gerr := r.store.Get(ctx, packName(name), at, end-at)
		if gerr != nil {
			return allOf(p), errors.Join(err, gerr)
		}
		if int64(len(data)) != end-at {
			return allOf(p), errors.Join(err, &chunk.DamageError{What: what, How: "it is cut short"})
		}
		v.hasher.Write(data)
		if opened != nil {
			from := at
			if at == 0 {
				from = index.FramesBegin
			}
			for pos := from - at; next < last; next++ {
				size := int64(p.Chunks[next].Stored)
				ref := opened.table.Entry(next).Ref
				plain, cerr := opened.table.OpenFrames(v.plain[:0], data[pos:pos+size], opened.aead, next, 0, ref.Frames(), r.codec, r.keys)
				v.plain = plain
				if cerr != nil {
					bad = append(bad, uint32(next))
					if err == nil {
						err = wrapWhat(what, cerr)
					}
				}
				pos += size
			}
			if end == p.Size && err == nil {
				err = checkEnd(what, data, p.Size)
			}
		} else {
			next = last
		}
		if reuses {
			again.Reuse(data) // nothing of it is kept
		}
		at = end
	}
	if Name(v.hasher.Sum(nil)) != name {
		err = errors.Join(&chunk.DamageError{What: what, How: "its bytes do not have its name"}, err)
	}
	return bad, err
}

// piece returns where the piece that begins at at ends, and the first chunk
// that does not lie in it. The last piece holds table, padding and trailer.
func (v *Verifier) piece(p *index.Pack, next int, at int64) (end int64, last int) {
	end = at
	if at == 0 {
		end = index.FramesBegin
	}
	for last = next; last < len(p.Chunks); last++ {
		if end-at >= verifyPiece {
			return end, last
		}
		end += int64(p.Chunks[last].Stored)
	}
	return p.Size, last
}

// sameTable compares a pack's table with what the index lists.
func sameTable(t *pack.Table, p *index.Pack) error {
	differs := &chunk.DamageError{What: "its table", How: "it differs from what the index file lists"}
	if t.Len() != len(p.Chunks) {
		return differs
	}
	for i := range p.Chunks {
		c, e := &p.Chunks[i], t.Entry(i)
		if e.Ref != (chunk.Ref{ID: c.ID, Kind: c.Kind, Size: c.Size}) || e.Stored != c.Stored {
			return differs
		}
	}
	return nil
}

// checkEnd checks the padding; data is the last piece of a pack of size bytes.
func checkEnd(what string, data []byte, size int64) error {
	t, err := pack.ParseTrailer(data[len(data)-pack.TrailerSize:], size)
	if err != nil {
		return wrapWhat(what, err)
	}
	off, n := t.Padding()
	from := off - (size - int64(len(data)))
	if from < 0 || from+n > int64(len(data)) {
		return &chunk.DamageError{What: what, How: fmt.Sprintf("its padding at %d does not lie behind its frames", off)}
	}
	if err := pack.CheckPadding(data[from : from+n]); err != nil {
		return wrapWhat(what, err)
	}
	return nil
}

func allOf(p *index.Pack) []uint32 {
	all := make([]uint32, len(p.Chunks))
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}
