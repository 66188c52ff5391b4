package fault_test

import (
	"errors"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/fault"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return fault.New(mem.New(), fault.Plan{}) })
}

func TestBeforeAndAfter(t *testing.T) {
	name := storetest.Name(store.Pack, 1)
	for _, after := range []bool{false, true} {
		m := mem.New()
		f := fault.New(m, fault.Plan{N: 2, Verbs: fault.Write, After: after})
		if _, err := f.Put(t.Context(), storetest.Name(store.Pack, 0), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Get(t.Context(), name, 0, -1); !errors.Is(err, store.ErrNotExist) {
			t.Fatal(err)
		}
		if made, err := f.Put(t.Context(), name, nil); made || !errors.Is(err, fault.ErrInjected) {
			t.Errorf("made %v, error %v", made, err)
		}
		if n, _ := m.Size(); (n == 2) != after {
			t.Errorf("after %v: %d objects are there", after, n)
		}
		if f.Count() != 2 || !f.Fired() {
			t.Errorf("count %d, fired %v", f.Count(), f.Fired())
		}
		if err := f.Remove(t.Context(), name); err != nil {
			t.Errorf("an operation after the fault: %v", err)
		}
	}
}

func TestStuckTypeAndPermanent(t *testing.T) {
	m := mem.New()
	f := fault.New(m, fault.Plan{N: 1, Verbs: fault.Put, Type: store.Log, Stuck: true, Err: store.ErrPermanent})
	if _, err := f.Put(t.Context(), storetest.Name(store.Pack, 1), nil); err != nil {
		t.Fatalf("another family: %v", err)
	}
	if _, err := f.Put(t.Context(), storetest.Name(store.Log, 1), nil); !errors.Is(err, store.ErrPermanent) {
		t.Fatal(err)
	}
	if _, err := f.Get(t.Context(), storetest.Name(store.Pack, 1), 0, -1); !errors.Is(err, store.ErrPermanent) {
		t.Errorf("get from a store that is gone: %v", err)
	}
	if err := f.List(t.Context(), store.Pack, func(store.Info) error { return nil }); err == nil {
		t.Error("list from a store that is gone")
	}
	if err := f.Remove(t.Context(), storetest.Name(store.Pack, 1)); err == nil {
		t.Error("remove from a store that is gone")
	}
	f.Arm(fault.Plan{})
	if _, err := f.Get(t.Context(), storetest.Name(store.Pack, 1), 0, -1); err != nil {
		t.Errorf("after the plan ended: %v", err)
	}
}
