package versions

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"ivyvault/repo/tree"
)

// TestConcurrentUse asks while snapshots come and go, tables are folded and
// one of them is damaged. The file f has the version of every fifth snapshot,
// and the file always is there as it was.
func TestConcurrentUse(t *testing.T) {
	h := newHistory(t, 13)
	tab := Open(h.reader(), h.hash, h.dir)
	set := h.sets[0]
	for i := range 30 {
		set["d"], set[fmt.Sprintf("d/%03d", i)] = "", "x"
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	ask := func(question func() error) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for ctx.Err() == nil {
				if err := question(); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	add := func(i int) {
		set["f"], set["always"] = fmt.Sprint(i/5), "x"
		h.live = append(h.live, Snapshot{ID: [32]byte{byte(i), 1}, Time: time.Unix(int64(i), 0), Root: h.world.dir(set, "")})
		tab.Set(h.live)
	}
	add(0)
	ask(func() error {
		v, err := tab.Of(context.Background(), "f")
		for i := range v {
			if want := fmt.Sprint(i + int(v[0].Snapshots[0].ID[0])/5); string(v[i].Node.Content.Inline) != want {
				return fmt.Errorf("version %d is %q", i, v[i].Node.Content.Inline)
			}
		}
		return err
	})
	ask(func() error {
		n := 0
		for c, err := range tab.List(context.Background(), "d", "") {
			if err != nil || c.Name != fmt.Sprintf("%03d", n) {
				return errors.Join(err, fmt.Errorf("%q stands at place %d", c.Name, n))
			}
			n++
		}
		if n != 30 {
			return fmt.Errorf("%d names", n)
		}
		return nil
	})
	ask(func() error {
		c, err := tab.Stat(context.Background(), "always")
		if err == nil && !c.File {
			err = errors.New("a file has vanished")
		}
		return err
	})
	for i := 1; i < 25; i++ {
		add(i)
		if i%7 == 0 {
			h.live = h.live[2:]
			tab.Set(h.live)
		}
		if i%8 == 0 {
			if _, err := Fold(ctx, tree.NewReader(h.mem, h.hash, 0), h.hash, h.dir, h.live, nil); err != nil {
				t.Error(err)
			}
			tab.Reload()
		}
		if i == 17 {
			v := tab.hold()
			if v.table == nil {
				t.Error("there is no table")
			} else if !tab.gaveUp(v, astray("f")) {
				t.Error("the table was not given up")
			}
			tab.release(v)
		}
	}
	cancel()
	wg.Wait()
	if err := tab.Close(); err != nil {
		t.Error(err)
	}
}
