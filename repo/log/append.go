package log

import (
	"bytes"
	"context"
	"fmt"

	"ivyvault/repo/seal"
)

// stateAfter is how many entries may follow a state entry before a full key
// that appends writes another.
const stateAfter = 64

// Append tries to win the slot after base with body. It returns won and the
// State after the entry, or not won and a newer State: base was not the end, or
// another was faster; then body must be decided anew. A body that contradicts
// base is an error, and nothing is written. Where an error is an
// UnsettledError, the entry may have been written; after any other error of the
// store it may still appear if the store finishes late what it reported as
// failed.
func (l *Log) Append(ctx context.Context, base *State, body Body) (won bool, st *State, err error) {
	n := base.head.Number + 1
	last := base.lastState
	if body.Type() == TypeState {
		last = n
	}
	raw, err := l.seal(n, base.head.Hash, last, body)
	if err != nil {
		return false, nil, err
	}
	// The entry is decoded again, so that what is applied here is what others
	// will apply, and nothing that they would refuse is ever written.
	e, err := openEntry(l.o.Sealer, n, raw)
	if err != nil {
		return false, nil, fmt.Errorf("nothing was written: %w", err)
	}
	next := base.clone()
	if err := next.apply(e); err != nil {
		return false, nil, fmt.Errorf("a %s entry was refused before it was written: %w", body.Type(), err)
	}
	taken, err := l.beyond(ctx, n)
	if err != nil {
		return false, nil, err
	}
	if !taken {
		if won, err = l.put(ctx, n, raw); err != nil {
			return false, nil, err
		}
	}
	if !won {
		st, err = l.Refresh(ctx)
		return false, st, err
	}
	l.advance(next)
	l.save(next)
	return true, next, nil
}

// Update appends a body that fn computes from the newest State. Where another
// wins the slot it reads on and asks fn again, so fn may be called any number
// of times; it stops where fn returns a nil body, with the State that fn saw,
// or an error, with that error. It does not ask again after an error of the
// store: a caller that does must first see whether its entry is there.
func (l *Log) Update(ctx context.Context, fn func(*State) (Body, error)) (*State, error) {
	st, err := l.Refresh(ctx)
	if err != nil {
		return nil, err
	}
	for {
		body, err := fn(st)
		if err != nil {
			return nil, err
		}
		if body == nil {
			return st, nil
		}
		won, next, err := l.Append(ctx, st, body)
		if err != nil {
			return nil, err
		}
		if won {
			return l.restate(ctx, next), nil
		}
		st = next
	}
}

// restate adds a state entry where one is due. That this fails or that another
// is faster is no failure of what was won before.
func (l *Log) restate(ctx context.Context, st *State) *State {
	if l.o.Sealer.Role() != seal.Full || st.head.Number-st.lastState < stateAfter {
		return st
	}
	won, next, err := l.Append(ctx, st, st.live)
	if err != nil || !won {
		return st
	}
	return next
}

func (l *Log) seal(n uint64, previous Name, lastState uint64, body Body) ([]byte, error) {
	if fullOnly(body) && l.o.Sealer.Role() != seal.Full {
		return nil, &RightsError{body.Type()}
	}
	return sealEntry(l.o.Sealer, n, previous, plain{millis(l.o.Now()), lastState, body})
}

// put makes entry n and settles an answer that was lost, or one that a retry
// below gave to its own first try, by reading what stands there.
func (l *Log) put(ctx context.Context, n uint64, raw []byte) (made bool, err error) {
	made, err = l.o.Store.Put(ctx, ObjectName(n), raw)
	if made && err == nil {
		return true, nil
	}
	there, look := get(context.WithoutCancel(ctx), l.o.Store, n)
	switch {
	case look != nil && err != nil:
		return false, &UnsettledError{n, err, look}
	case look != nil:
		return false, look
	case there != nil:
		return bytes.Equal(there, raw), nil
	case err != nil:
		return false, fmt.Errorf("write log entry %d: %w", n, err)
	}
	return false, fmt.Errorf("write log entry %d: the store says that it is there, but does not give it; try again", n)
}
