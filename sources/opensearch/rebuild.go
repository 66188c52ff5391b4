package opensearch

import (
	"context"
	"iter"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/listing"
)

// rebuild is a capture of what describes the indices, without documents.
type rebuild struct {
	p     *Part
	c     *client
	s     *survey
	files []listing.File
}

var (
	_ sources.Capture   = (*rebuild)(nil)
	_ sources.Described = (*rebuild)(nil)
)

func (p *Part) rebuild(_ context.Context, c *client, s *survey) (sources.Capture, error) {
	b := &rebuild{p: p, c: c, s: s}
	var newest time.Time
	for i := range s.indices {
		x := &s.indices[i]
		if x.madeAt.After(newest) {
			newest = x.madeAt
		}
		b.files = append(b.files, x.descriptions()...)
	}
	r := newRecord(ByRebuild, s)
	r.Rebuild = p.env.Rebuild
	f, err := r.file(newest)
	if err != nil {
		return nil, err
	}
	b.files = append(b.files, f)
	return b, nil
}

func (b *rebuild) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, b.files)
}

func (b *rebuild) Facts(context.Context) (sources.Facts, error) {
	f := b.s.facts(ByRebuild)
	f.Consistency = sources.Hot
	f.Notes = append(f.Notes,
		"the documents of the indices are not in this capture: the engine makes them anew",
		"after the restore: "+b.p.env.Rebuild)
	return f, nil
}

func (b *rebuild) Close(context.Context) error {
	b.c.close()
	return nil
}
