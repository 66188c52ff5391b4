package retry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"ivyvault/repo/store"
	"ivyvault/repo/store/fault"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/retry"
	"ivyvault/repo/store/storetest"
)

var (
	logName = storetest.Name(store.Log, 1)
	ours    = []byte("ours")
	theirs  = []byte("theirs")
)

// atOnce pauses for no time.
func atOnce(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func over(s store.Store) *retry.Store {
	return retry.New(s, retry.Options{Attempts: 4, Sleep: atOnce})
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return over(mem.New()) })
}

// steps is a store whose puts and gets do what the test says, in turn.
type steps struct {
	store.Store
	puts []func() (bool, error)
	gets []func() error
	calls
}

type calls struct{ put, get int }

func (s *steps) Put(ctx context.Context, n store.Name, b []byte) (bool, error) {
	s.put++
	if s.put <= len(s.puts) {
		return s.puts[s.put-1]()
	}
	return s.Store.Put(ctx, n, b)
}

func (s *steps) Get(ctx context.Context, n store.Name, off, c int64) ([]byte, error) {
	s.get++
	if s.get <= len(s.gets) {
		if err := s.gets[s.get-1](); err != nil {
			return nil, err
		}
	}
	return s.Store.Get(ctx, n, off, c)
}

func TestPutWhoseAnswerWasLost(t *testing.T) {
	lost := errors.New("connection reset")
	m := func(under *mem.Store, data []byte) { // what happens on the medium meanwhile
		if data != nil {
			if _, err := under.Put(context.Background(), logName, data); err != nil {
				panic(err)
			}
		}
	}
	put := func(under *mem.Store, data []byte, err error) func() (bool, error) {
		return func() (bool, error) { m(under, data); return false, err }
	}
	get := func(under *mem.Store, data []byte, err error) func() error {
		return func() error { m(under, data); return err }
	}
	tests := []struct {
		name  string
		steps func(u *mem.Store) *steps
		made  bool
		fails error
		calls calls
	}{
		{"took effect", func(u *mem.Store) *steps {
			return &steps{puts: []func() (bool, error){put(u, ours, lost)}}
		}, true, nil, calls{1, 1}},
		{"no effect", func(u *mem.Store) *steps {
			return &steps{puts: []func() (bool, error){put(u, nil, lost)}}
		}, true, nil, calls{2, 1}},
		{"another won", func(u *mem.Store) *steps {
			return &steps{puts: []func() (bool, error){put(u, theirs, lost)}}
		}, false, nil, calls{1, 1}},
		{"late effect, between read and second put", func(u *mem.Store) *steps {
			return &steps{puts: []func() (bool, error){put(u, nil, lost), put(u, ours, nil)}}
		}, true, nil, calls{2, 2}},
		{"another won between read and second put", func(u *mem.Store) *steps {
			return &steps{puts: []func() (bool, error){put(u, nil, lost), put(u, theirs, nil)}}
		}, false, nil, calls{2, 2}},
		{"the settling read fails too", func(u *mem.Store) *steps {
			return &steps{puts: []func() (bool, error){put(u, ours, lost)}, gets: []func() error{get(u, nil, lost), get(u, nil, lost)}}
		}, true, nil, calls{1, 3}},
		{"nothing ever works", func(u *mem.Store) *steps {
			p := put(u, nil, lost)
			return &steps{puts: []func() (bool, error){p, p, p, p, p}}
		}, false, lost, calls{4, 3}},
		{"permanent", func(u *mem.Store) *steps {
			return &steps{puts: []func() (bool, error){put(u, nil, store.ErrPermanent)}}
		}, false, store.ErrPermanent, calls{1, 0}},
		{"a directory was missing", func(u *mem.Store) *steps {
			return &steps{puts: []func() (bool, error){put(u, nil, store.ErrNotExist)}}
		}, true, nil, calls{2, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := mem.New()
			s := tt.steps(u)
			s.Store = u
			made, err := over(s).Put(t.Context(), logName, ours)
			if made != tt.made || !errors.Is(err, tt.fails) || err == nil != (tt.fails == nil) {
				t.Errorf("made %v, error %v; want %v, %v", made, err, tt.made, tt.fails)
			}
			if s.calls != tt.calls {
				t.Errorf("%+v, want %+v", s.calls, tt.calls)
			}
		})
	}
}

func TestUncontestedAnswersCostNoRead(t *testing.T) {
	s := &steps{Store: mem.New()}
	r := over(s)
	for _, want := range []bool{true, false} {
		if made, err := r.Put(t.Context(), logName, ours); made != want || err != nil {
			t.Errorf("made %v, error %v; want %v", made, err, want)
		}
	}
	if s.get != 0 {
		t.Errorf("%d reads, want none", s.get)
	}
}

// Every operation is right whichever single operation below fails, before or
// after its effect.
func TestOneFaultAnywhereIsHidden(t *testing.T) {
	for _, after := range []bool{false, true} {
		n := 1
		for ; ; n++ {
			f := fault.New(mem.New(), fault.Plan{N: n, After: after})
			r := over(f)
			for i := range 3 {
				if made, err := r.Put(t.Context(), storetest.Name(store.Pack, i), ours); !made || err != nil {
					t.Fatalf("fault %d after %v: put %d: made %v, error %v", n, after, i, made, err)
				}
			}
			seen := 0
			if err := r.List(t.Context(), store.Pack, func(store.Info) error { seen++; return nil }); err != nil || seen != 3 {
				t.Fatalf("fault %d after %v: listed %d, error %v", n, after, seen, err)
			}
			if b, err := r.Get(t.Context(), storetest.Name(store.Pack, 1), 1, 2); string(b) != "ur" || err != nil {
				t.Fatalf("fault %d after %v: got %q, error %v", n, after, b, err)
			}
			if err := r.Remove(t.Context(), storetest.Name(store.Pack, 1)); err != nil {
				t.Fatalf("fault %d after %v: remove: %v", n, after, err)
			}
			if !f.Fired() {
				break
			}
		}
		if n != 7 {
			t.Errorf("%d points, want 6", n-1)
		}
	}
}

func TestWhatIsNotTriedAgain(t *testing.T) {
	for _, final := range []error{store.ErrPermanent, store.ErrNotExist} {
		f := fault.New(mem.New(), fault.Plan{N: 1, Err: final})
		if _, err := over(f).Get(t.Context(), logName, 0, -1); !errors.Is(err, final) || f.Count() != 1 {
			t.Errorf("error %v after %d attempts", err, f.Count())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	f := fault.New(mem.New(), fault.Plan{N: 1})
	r := retry.New(f, retry.Options{Sleep: func(context.Context, time.Duration) error { cancel(); return ctx.Err() }})
	if err := r.Remove(ctx, logName); !errors.Is(err, context.Canceled) || f.Count() != 1 {
		t.Errorf("error %v after %d attempts", err, f.Count())
	}
	stop := errors.New("stop")
	m := mem.New()
	m.Replace(logName, ours)
	calls := 0
	err := over(m).List(t.Context(), store.Log, func(store.Info) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("list: error %v after %d calls", err, calls)
	}
}

func TestPausesGrowWithinBounds(t *testing.T) {
	f := fault.New(mem.New(), fault.Plan{N: 1, Stuck: true})
	var pauses []time.Duration
	told := 0
	r := retry.New(f, retry.Options{
		Attempts: 70, First: 100, Max: 3000,
		Sleep:  func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil },
		Notify: func(string, store.Name, error, time.Duration) { told++ },
	})
	if _, err := r.Get(t.Context(), logName, 0, -1); !errors.Is(err, fault.ErrInjected) {
		t.Fatal(err)
	}
	if len(pauses) != 69 || told != 69 {
		t.Fatalf("%d pauses, %d told", len(pauses), told)
	}
	for i, p := range pauses {
		most := time.Duration(3000)
		if i < 5 {
			most = 100 << i
		}
		if p < most/2 || p > most {
			t.Errorf("pause %d is %d, want %d to %d", i, p, most/2, most)
		}
	}
}
