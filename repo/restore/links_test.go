package restore

import (
	"context"
	"testing"

	"ivyvault/repo/tree"
)

// A batch that is broken off tells those who wait for a first name, once, though
// other names of the same file lie in it; so does one whose folder can't be made.
func TestBrokenOffLinksSettleOnce(t *testing.T) {
	for _, name := range []string{"ended", "no folder"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			x := &run{opt: Options{Target: t.TempDir()}, mode: write}
			top, err := x.openTarget()
			if err != nil {
				t.Fatal(err)
			}
			defer top.close()
			x.top = top
			f := top
			if name == "ended" {
				cancel()
			} else {
				f = &folder{x: x, tried: true, err: errAbsent, fd: -1}
			}
			l := &link{name: "first", ready: make(chan struct{}), left: 3}
			b := x.newBatch(f)
			for i, n := range []string{"first", "second", "third"} {
				b.add(item{node: tree.Node{Name: n, Type: tree.Fifo, Links: 3}, link: l, second: i > 0})
			}
			b.do(ctx, &worker{run: x})
			select {
			case <-l.ready:
				if l.err == nil {
					t.Error("the first name counts as restored")
				}
			default:
				t.Error("who waits for the first name waits for ever")
			}
		})
	}
}
