package mem_test

import (
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return mem.New() })
}

func TestCloneIsIndependent(t *testing.T) {
	name := storetest.Name(store.Pack, 1)
	a := mem.New()
	if _, err := a.Put(t.Context(), name, []byte("one")); err != nil {
		t.Fatal(err)
	}
	b := a.Clone()
	b.Replace(name, []byte("other"))
	if err := a.Remove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if n, _ := a.Size(); n != 0 {
		t.Errorf("the original holds %d objects", n)
	}
	if n, size := b.Size(); n != 1 || size != 5 {
		t.Errorf("the clone holds %d objects of %d bytes", n, size)
	}
}
