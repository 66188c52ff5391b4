package store_test

import (
	"testing"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/store"
)

// A store of 200,000 events in memory, with the snapshots of 1,000 aggregates
// to look for among them.
func BenchmarkVerify(b *testing.B) {
	s := axontest.NewStore("default")
	s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 4 << 20}, 0, axontest.Orders(1000, 200, 10)...)...)
	s.AddSnapshots(axontest.Write(axontest.Shape{SegmentSize: 4 << 20}, 0, axontest.SnapshotsOf(1000, 199)...)...)
	b.ReportAllocs()
	for b.Loop() {
		r, err := store.Verify(b.Context(), s, store.Options{})
		if err != nil || r.Damaged || r.Contexts[0].Compared != 1000 {
			b.Fatal(r, err)
		}
		b.SetBytes(r.Bytes)
	}
}
