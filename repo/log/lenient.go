package log

import (
	"context"
	"errors"
)

// longestGap is how many absent entries in a row Walk takes for a gap.
const longestGap = 16

// Walk reads the whole log from entry 0, whatever is wrong with it, and calls
// fn for each number up to the last that is there: with the entry, or with the
// error that tells what is wrong with it, or with both where the entry is whole
// but does not agree with those before it. After damage it goes on comparing
// from the next state entry. It stops at an error of the store or of fn, which
// it returns, and gives the State of the last stretch that agreed, nil where
// there is none. It needs no Open to have succeeded.
func Walk(ctx context.Context, o Options, fn func(n uint64, e *Entry, wrong error) error) (*State, error) {
	l := &Log{o: o}
	w := walker{config: o.Config}
	for n := uint64(0); ; n++ {
		raw, err := get(ctx, o.Store, n)
		if err != nil {
			return nil, err
		}
		if raw == nil {
			later, err := l.gap(ctx, n)
			if err != nil {
				return nil, err
			}
			if later == 0 {
				return w.st, nil
			}
			w.lost, w.hash = true, Name{}
			if err := fn(n, nil, missing(n, later)); err != nil {
				return nil, err
			}
			continue
		}
		e, wrong := openEntry(o.Sealer, n, raw)
		if wrong != nil {
			w.lost, w.hash = true, Name{}
		} else if err := w.next(e); err != nil {
			wrong = damage(n, err)
		}
		if err := fn(n, e, wrong); err != nil {
			return nil, err
		}
	}
}

// gap returns the number of an entry beyond n that is there, or 0.
func (l *Log) gap(ctx context.Context, n uint64) (uint64, error) {
	for later := n + 1; later <= n+longestGap; later++ {
		if there, err := exists(ctx, l.o.Store, later); err != nil || there {
			return later, err
		}
	}
	return 0, nil
}

// walker follows the chain as far as it holds.
type walker struct {
	config Name
	st     *State
	hash   Name // of the entry before, zero where that is not known
	lost   bool // what lives is not known until the next state entry
}

func (w *walker) next(e *Entry) (wrong error) {
	previous := w.hash
	if e.Number == 0 {
		previous = w.config
	}
	w.hash = e.Hash
	if previous != (Name{}) && e.Previous != previous {
		wrong = errors.New("it does not carry the hash of the entry before it")
	}
	if w.st != nil && !w.lost {
		next := w.st.clone()
		err := next.apply(e)
		if err == nil {
			w.st = next
			return nil
		}
		if wrong == nil {
			wrong = err
		}
		w.lost = true
	}
	if e.Body.Type() == TypeState {
		st, err := begin(e)
		if err != nil {
			return err
		}
		w.st, w.lost = st, false
	}
	if w.st == nil && wrong == nil && e.Number == 0 {
		return errBegin
	}
	return wrong
}
