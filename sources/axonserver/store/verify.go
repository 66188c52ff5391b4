package store

import (
	"cmp"
	"context"
	"io/fs"
	"runtime"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"ivyvault/sources/axonserver/segment"
)

// Options says how Verify works. The zero value is good.
type Options struct {
	Readers   int            // segments at a time; 0: one for each processor
	Snapshots int            // aggregates whose latest snapshot is looked for; 0: 1,048,576
	Progress  func(Progress) // called after each segment, one call at a time; may be nil
}

const (
	bufferSize = 256 << 10
	// headCut is how much of an event is looked at for its aggregate. Servers
	// write names of aggregates before payloads.
	headCut = 64 << 10
	// mostSnapshots is the count of aggregates whose snapshots are looked for.
	mostSnapshots = 1 << 20
)

// Verify reads all segments of all contexts and says what is wrong. A file that
// can't be read is a problem in the report; the error is that of Find, or of
// ctx.
func Verify(ctx context.Context, fsys fs.FS, opt Options) (*Report, error) {
	began := time.Now()
	found, err := Find(ctx, fsys)
	if err != nil {
		return nil, err
	}
	if opt.Readers <= 0 {
		opt.Readers = runtime.GOMAXPROCS(0)
	}
	if opt.Snapshots <= 0 {
		opt.Snapshots = mostSnapshots
	}
	v := &verification{fsys: fsys, opt: opt, buffers: sync.Pool{New: func() any { return new([bufferSize]byte) }}}
	for _, c := range found.Contexts {
		for _, s := range []*Series{&c.Events, &c.Snapshots} {
			v.told.SegmentsAll += len(s.Segments)
			for _, g := range s.Segments {
				v.told.BytesAll += g.Size
			}
		}
	}
	r := &Report{Contexts: []ContextReport{}}
	for i := range found.Contexts {
		c, err := v.context(ctx, &found.Contexts[i])
		if err != nil {
			return nil, err
		}
		r.Contexts = append(r.Contexts, c)
	}
	r.Damaged, r.Bytes, r.Seconds = r.Problems() > 0, v.told.Bytes, time.Since(began).Seconds()
	return r, nil
}

// verification is one under way.
type verification struct {
	fsys    fs.FS
	opt     Options
	buffers sync.Pool

	mu   sync.Mutex
	told Progress
}

// result is what became of one segment.
type result struct {
	*Segment
	sum segment.Summary
	err error // of the file system
}

func (v *verification) context(ctx context.Context, c *Context) (ContextReport, error) {
	r := ContextReport{Context: c.Name, Problems: []Problem{}, Notices: []string{}}
	look := newLookup(v.opt.Snapshots)
	snapshots, err := v.series(ctx, &c.Snapshots, look.gather)
	if err != nil {
		return r, err
	}
	watch := look.watch()
	events, err := v.series(ctx, &c.Events, watch)
	if err != nil {
		return r, err
	}
	whole := r.judge(&c.Events, events, &r.Events)
	r.judge(&c.Snapshots, snapshots, &r.Snapshots)
	err = v.compare(ctx, c, look, whole, &r)
	for i := range r.Problems {
		if p := &r.Problems[i]; !utf8.ValidString(p.File) {
			p.FileB64 = []byte(p.File)
		}
	}
	return r, err
}

// series verifies the segments of a series, the newest first, and returns what
// was found in their order.
func (v *verification) series(ctx context.Context, s *Series, event func(*Segment) func(segment.Raw) error) ([]result, error) {
	results := make([]result, len(s.Segments))
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(v.opt.Readers)
	for i := len(results) - 1; i >= 0 && within.Err() == nil; i-- {
		r := &results[i]
		r.Segment = &s.Segments[i]
		g.Go(func() error {
			hooks := segment.Hooks{Cut: headCut}
			if event != nil {
				hooks.Event = event(r.Segment)
			}
			r.sum, r.err = v.segment(within, r.Segment, hooks)
			if within.Err() != nil {
				return within.Err()
			}
			v.progress(r)
			return nil
		})
	}
	err := g.Wait()
	return results, cmp.Or(err, ctx.Err())
}

func (v *verification) segment(ctx context.Context, s *Segment, hooks segment.Hooks) (segment.Summary, error) {
	f, err := v.fsys.Open(s.Path)
	if err != nil {
		return segment.Summary{First: s.Name.Number}, err
	}
	defer f.Close()
	buf := v.buffers.Get().(*[bufferSize]byte)
	defer v.buffers.Put(buf)
	return segment.Verify(ctx, f, s.Name.Number, buf[:], hooks)
}

func (v *verification) progress(r *result) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.told.Segments++
	v.told.Bytes += r.sum.Size
	v.told.Problems += len(r.sum.Damages)
	if r.err != nil {
		v.told.Problems++
	}
	if v.opt.Progress != nil {
		v.opt.Progress(v.told)
	}
}
