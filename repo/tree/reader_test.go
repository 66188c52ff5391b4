package tree

import "testing"

// What Unread tells is the page that Page reads, until it was read.
func TestUnreadIsThePageThatIsRead(t *testing.T) {
	r := seeded(t)
	for _, count := range []int{0, 1, 300, 5000, 30000} {
		m := newMemory()
		nodes := randomNodes(r, count)
		dir := writeDir(t, m, nodes)
		rd := newReader(m)
		ctx := t.Context()
		seen := 0
		for pos := uint64(0); pos < uint64(count); {
			ref, err := rd.Unread(ctx, dir, pos)
			if err != nil {
				t.Fatal(err)
			}
			page, first, err := rd.Page(ctx, dir, pos)
			if err != nil {
				t.Fatal(err)
			}
			if depth(t, m, dir) == 1 {
				if !ref.IsZero() {
					t.Fatalf("%d entries: the only page is unread", count)
				}
			} else {
				ahead, err := rd.Load(ctx, ref)
				if err != nil || ahead != page || first != pos {
					t.Fatalf("%d entries, position %d: another page, %v", count, pos, err)
				}
			}
			if ref, err := rd.Unread(ctx, dir, pos); err != nil || !ref.IsZero() {
				t.Fatalf("%d entries, position %d: unread after it was read, %v", count, pos, err)
			}
			pos += uint64(page.Len())
			seen += page.Len()
		}
		if seen != count {
			t.Fatalf("%d entries of %d", seen, count)
		}
		if ref, err := rd.Unread(ctx, dir, uint64(count)); err != nil || !ref.IsZero() {
			t.Fatal("a page beyond the end", err)
		}
	}
}
