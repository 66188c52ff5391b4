package log

import (
	"context"
	"errors"

	"ivyvault/repo/seal"
)

// lookBeyond is how many numbers past an absent entry are tried. More would
// find longer gaps, at one round trip each; see the package's comment.
const lookBeyond = 3

// beyond is asked after entry n was absent. It reports true where n has come
// since, and the error of a missing entry where a later one is there without n.
func (l *Log) beyond(ctx context.Context, n uint64) (bool, error) {
	if l.o.noLook {
		return false, nil
	}
	for later := n + 1; later <= n+lookBeyond; later++ {
		there, err := exists(ctx, l.o.Store, later)
		if err != nil {
			return false, err
		}
		if !there {
			continue
		}
		// later was made after n was read by its writer: if n is ever there, now.
		if there, err = exists(ctx, l.o.Store, n); err != nil || there {
			return there, err
		}
		return false, missing(n, later)
	}
	return false, nil
}

// tip returns the number of an entry whose successor is absent. Existence of
// numbers is taken as 'yes up to the end, then no'; a gap may lead it to an
// earlier number, which is for beyond to notice.
func tip(ctx context.Context, m Medium) (uint64, error) {
	there, err := exists(ctx, m, 0)
	if err != nil {
		return 0, err
	}
	if !there {
		return 0, missingFirst()
	}
	low, step := uint64(0), uint64(1)
	for {
		if there, err = exists(ctx, m, low+step); err != nil {
			return 0, err
		}
		if !there {
			break
		}
		low += step
		step *= 2
	}
	for high := low + step; high-low > 1; { // low is there, high is not
		mid := low + (high-low)/2
		if there, err = exists(ctx, m, mid); err != nil {
			return 0, err
		}
		if there {
			low = mid
		} else {
			high = mid
		}
	}
	return low, nil
}

// load returns a State to go forward from: the cached one where the store still
// has its head, else that of the newest state entry.
func (l *Log) load(ctx context.Context) (*State, error) {
	if st := l.cached(); st != nil {
		return st, l.holds(ctx, st.head)
	}
	end, err := tip(ctx, l.o.Store)
	if err != nil {
		return nil, err
	}
	e, err := l.read(ctx, end, end)
	if err != nil {
		return nil, err
	}
	if e.LastState != e.Number {
		if e.LastState > e.Number {
			return nil, damage(e.Number, errors.New("it names a later entry as the last state"))
		}
		if e, err = l.read(ctx, e.LastState, end); err != nil {
			return nil, err
		}
	}
	if e.Number == 0 && e.Previous != l.o.Config {
		return nil, damage(0, errors.New("it does not carry the hash of this repository's config"))
	}
	st, err := begin(e)
	if err != nil {
		return nil, damage(e.Number, err)
	}
	return st, nil
}

func (l *Log) read(ctx context.Context, n, end uint64) (*Entry, error) {
	raw, err := get(ctx, l.o.Store, n)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, missing(n, end)
	}
	return openEntry(l.o.Sealer, n, raw)
}

// holds returns a RollbackError where the store's entry is not the known head.
func (l *Log) holds(ctx context.Context, known Head) error {
	raw, err := get(ctx, l.o.Store, known.Number)
	switch {
	case err != nil:
		return err
	case raw == nil:
		later, err := l.beyond(ctx, known.Number)
		if err != nil || later {
			return err
		}
		return &RollbackError{Known: known}
	case seal.ObjectName(raw) == known.Hash:
		return nil
	}
	// Rotten bytes are told apart from another history.
	if _, err := openEntry(l.o.Sealer, known.Number, raw); err != nil {
		return err
	}
	return &RollbackError{Known: known, Found: true}
}
