package axonserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/axonserver/store"
)

// copyAll writes the segments beside the target, several at a time.
func (r *returning) copyAll(ctx context.Context) error {
	newest := r.series.Segments[len(r.series.Segments)-1].Path
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(4)
	var mu sync.Mutex
	done := 0
	for _, s := range r.wanted {
		g.Go(func() error {
			if err := r.copy(within, s, s.Path == newest); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if done++; done%100 == 0 || done == len(r.wanted) {
				r.opt.Say("%s of %s: %d of %d segments", r.p.kind, r.p.context, done, len(r.wanted))
			}
			return nil
		})
	}
	return g.Wait()
}

func (r *returning) copy(ctx context.Context, s store.Segment, newest bool) error {
	to := filepath.Join(r.stage(), path.Base(s.Path))
	pr := newProof(s.Name.Number, nil)
	if err := copied(ctx, r.from, s.Path, to, filepath.Dir(filepath.Dir(r.stage())), pr); err != nil {
		return err
	}
	sum := pr.Finish()
	switch {
	case sum.Whole() && (newest || sum.State == segment.Closed):
	case newest && sum.Torn():
		if err := cut(to, &sum); err != nil {
			return err
		}
		// Only the newest segment comes here.
		r.notes = append(r.notes, fmt.Sprintf("%s was not whole in the snapshot (%v): it was filled with zeros behind token %d", s.Path, &sum.Damages[0], sum.First+sum.Proven-1))
	case sum.Whole():
		return fmt.Errorf("the segment %s is open, though newer ones follow: choose another snapshot", s.Path)
	default:
		return fmt.Errorf("the segment %s is damaged in the snapshot: %w; choose another snapshot", s.Path, &sum.Damages[0])
	}
	if !r.index || sum.State != segment.Closed {
		return nil
	}
	for _, part := range []segment.Part{segment.Index, segment.Bloom, segment.JumpIndex, segment.GlobalIndex} {
		n := s.Name
		n.Part = part
		from := path.Join(path.Dir(s.Path), n.String())
		if _, err := fs.Stat(r.from, from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := copied(ctx, r.from, from, filepath.Join(r.stage(), n.String()), filepath.Dir(filepath.Dir(r.stage())), nil); err != nil {
			return err
		}
	}
	return nil
}

// cut makes the end of a segment safe: what is proven, then zeros up to the
// length that the file had.
func cut(name string, sum *segment.Summary) (err error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	body, length := segment.Trim(f, *sum, 0)
	head := make([]byte, 4) // Trim says whether the end mark stays
	keep := sum.End
	if _, err := io.CopyN(io.Discard, body, keep); err != nil {
		return err
	}
	if _, err := io.ReadFull(body, head); err != nil {
		return err
	}
	if err := f.Truncate(keep); err != nil {
		return err
	}
	if _, err := f.WriteAt(head, keep); err != nil {
		return err
	}
	return errors.Join(f.Truncate(length), f.Sync())
}

// prove judges what lies beside the target, together with what is there of the
// other kind, and counts it.
func (r *returning) prove(ctx context.Context) (map[string]int64, error) {
	if len(r.opt.Only) > 0 { // each was proven by itself
		return map[string]int64{"segments": int64(len(r.wanted))}, nil
	}
	both := &joined{context: r.p.context, dirs: map[string]string{"new": r.stage()}, kind: r.p.kind}
	if _, err := os.Stat(r.other()); err == nil {
		both.dirs["there"] = r.other()
	}
	report, err := store.Verify(ctx, both, store.Options{})
	if err != nil {
		return nil, err
	}
	var wrong []string
	counts := map[string]int64{}
	for _, c := range report.Contexts {
		for _, p := range c.Problems {
			if p.Cause == store.NoEvents { // they come after their snapshots
				continue
			}
			if len(wrong) < 3 {
				wrong = append(wrong, p.Error())
			}
		}
		s := c.Events
		if r.p.kind == segment.Snapshots {
			s = c.Snapshots
		}
		if s.Segments > 0 {
			counts[r.p.kind.String()], counts["segments"] = s.Events, int64(s.Segments)
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("it would not be whole, and nothing was changed: %s", strings.Join(wrong, "; "))
	}
	if was, ok := r.opt.Facts.Counts[r.p.kind.String()]; ok && was != counts[r.p.kind.String()] {
		return nil, fmt.Errorf("%d %s were captured, and %d are there: nothing was changed", was, r.p.kind, counts[r.p.kind.String()])
	}
	return counts, nil
}

// other is the folder in which the context's segments of the other kind lie.
func (r *returning) other() string {
	kind := segment.Snapshots
	if r.p.kind == kind {
		kind = segment.Events
	}
	dir, err := r.p.c.target(kind.String(), first(r.p.c.storages(kind)), r.p.context)
	if err != nil {
		return r.target
	}
	return dir
}
