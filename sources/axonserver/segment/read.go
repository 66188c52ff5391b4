package segment

import (
	"context"
	"io"
	"iter"
	"slices"
)

// Verify reads a segment to its end through a buffer of the caller's, of any
// size; one of 256 KiB is fast. The error is that of r, of a hook or of ctx.
func Verify(ctx context.Context, r io.Reader, first int64, buf []byte, hooks Hooks) (Summary, error) {
	v := NewVerifier(first, hooks)
	for {
		if err := ctx.Err(); err != nil {
			return v.sum, err
		}
		n, err := r.Read(buf)
		if _, err := v.Write(buf[:n]); err != nil {
			return v.sum, err
		}
		switch {
		case err == io.EOF:
			return v.Finish(), nil
		case err != nil:
			return v.sum, err
		}
	}
}

// Read yields the events of a segment, in their order, each only after its
// block was proven; their bytes belong to the caller. wanted, where it is not
// nil, is asked first, about an event whose block isn't proven yet, and what it
// refuses is not kept: memory is bounded by the wanted events of one block.
//
// What is wrong comes as a *Damage, with a zero event, in its place between the
// events; where more blocks can be found behind it the sequence goes on. Any
// other error, that of r, of wanted or of ctx, ends it.
func Read(ctx context.Context, r io.Reader, first int64, buf []byte, wanted func(Raw) (bool, error)) iter.Seq2[Raw, error] {
	return func(yield func(Raw, error) bool) {
		var held []Raw
		told := map[int64]bool{} // offsets of damages that were yielded
		hooks := Hooks{
			Event: func(e Raw) error {
				if wanted != nil {
					if ok, err := wanted(e); err != nil || !ok {
						return err
					}
				}
				e.Bytes = slices.Clone(e.Bytes)
				held = append(held, e)
				return nil
			},
			Block: func(b Block, wrong *Damage) error {
				defer func() { clear(held); held = held[:0] }()
				if wrong != nil {
					told[wrong.Offset] = true
					if !yield(Raw{}, wrong) {
						return errStop
					}
					return nil
				}
				for _, e := range held {
					if !yield(e, nil) {
						return errStop
					}
				}
				return nil
			},
		}
		sum, err := Verify(ctx, r, first, buf, hooks)
		if err != nil {
			if err != errStop {
				yield(Raw{}, err)
			}
			return
		}
		for i := range sum.Damages {
			if d := &sum.Damages[i]; !told[d.Offset] && !yield(Raw{}, d) {
				return
			}
		}
	}
}
