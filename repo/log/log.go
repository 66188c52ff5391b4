package log

import (
	"context"
	"sync"
	"time"
)

// Options says where a log is and who reads it. All but CacheFile is needed.
type Options struct {
	Store     Medium
	Sealer    Sealer
	Config    Name             // BLAKE3 of the config's bytes
	CacheFile string           // where the last verified State is kept; "": nowhere
	Now       func() time.Time // for the informative times of entries

	noLook bool // for the model test: not to look beyond the end
}

// Log reads and appends entries. Its methods may be called concurrently; they
// do not wait for one another.
type Log struct {
	o   Options
	mu  sync.Mutex // guards cur only, never held over a store's operation
	cur *State     // the newest that was verified
}

// Create writes entry 0 of a new repository. Only a full key can.
func Create(ctx context.Context, o Options) error {
	l := &Log{o: o}
	raw, err := l.seal(0, o.Config, 0, Whole{})
	if err != nil {
		return err
	}
	made, err := l.put(ctx, 0, raw)
	if err != nil {
		return err
	}
	if !made {
		return errThere
	}
	return nil
}

// Open reads the log to its end. With a cache it reads what is new since; else
// it finds the end, goes back to the newest state entry and reads from there.
func Open(ctx context.Context, o Options) (*Log, error) {
	l := &Log{o: o}
	st, err := l.load(ctx)
	if err != nil {
		return nil, err
	}
	st, err = l.forward(ctx, st, true)
	if err != nil {
		return nil, err
	}
	l.advance(st)
	l.save(st)
	return l, nil
}

// State returns what was read last, without asking the store.
func (l *Log) State() *State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cur
}

// Refresh reads new entries until one is absent. Where there are none it costs
// one Get and returns the State that it returned before.
func (l *Log) Refresh(ctx context.Context) (*State, error) {
	from := l.State()
	st, err := l.forward(ctx, from, false)
	if err != nil {
		return nil, err
	}
	if st != from {
		st = l.advance(st)
		l.save(st)
	}
	return st, nil
}

// Entry reads and verifies entry n by itself, not its place in the chain.
func (l *Log) Entry(ctx context.Context, n uint64) (*Entry, error) {
	raw, err := get(ctx, l.o.Store, n)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, missing(n, l.State().head.Number)
	}
	return openEntry(l.o.Sealer, n, raw)
}

// advance makes st the current State unless a newer one is, and returns it.
func (l *Log) advance(st *State) *State {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cur == nil || st.head.Number > l.cur.head.Number {
		l.cur = st
	}
	return l.cur
}

// forward applies the entries after from's head. With look it makes sure that
// nothing stands beyond the end.
func (l *Log) forward(ctx context.Context, from *State, look bool) (*State, error) {
	st := from
	for {
		n := st.head.Number + 1
		raw, err := get(ctx, l.o.Store, n)
		if err != nil {
			return nil, err
		}
		if raw == nil {
			if look {
				more, err := l.beyond(ctx, n)
				if err != nil {
					return nil, err
				}
				if more {
					continue
				}
			}
			return st, nil
		}
		e, err := openEntry(l.o.Sealer, n, raw)
		if err != nil {
			return nil, err
		}
		if st == from {
			st = from.clone()
		}
		if err := st.apply(e); err != nil {
			return nil, damage(n, err)
		}
	}
}
