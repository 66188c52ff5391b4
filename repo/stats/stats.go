// Package stats measures what snapshots hold and what storing them takes.
//
// Nouns: raw bytes are those of all files, as a restore would write them;
// unique bytes are the plaintext of all chunks, each counted once; stored
// bytes are those chunks compressed and sealed.
//
// Promise: figures come from the index and the directories; no file's content
// is read. Of a chunk that is stored several times one copy counts, in each run
// the same. Memory is a bit for each stored chunk.
package stats

import (
	"context"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo"
	"ivyvault/repo/reach"
	"ivyvault/repo/store"
	"ivyvault/repo/tree"
)

// Snapshot is what one snapshot holds.
type Snapshot struct {
	ID     repo.Name `json:"id"`
	Files  int64     `json:"files"`
	Bytes  int64     `json:"raw_bytes"`
	Unique int64     `json:"added_unique_bytes"` // of chunks that no earlier one of those measured holds
	Stored int64     `json:"added_stored_bytes"`
}

// Objects counts stored objects of one kind.
type Objects struct {
	Count int64 `json:"count"`
	Bytes int64 `json:"bytes"`
}

// Report is what was measured.
type Report struct {
	Snapshots []Snapshot         `json:"snapshots"` // oldest first
	Files     int64              `json:"files"`
	Bytes     int64              `json:"raw_bytes"`
	Unique    int64              `json:"unique_bytes"`
	Stored    int64              `json:"stored_bytes"`
	TreeBytes int64              `json:"tree_stored_bytes"` // of stored: directories and content lists
	Chunks    int64              `json:"chunks"`
	Ratio     float64            `json:"ratio"`             // raw by stored, 0 where nothing is stored
	Dedup     float64            `json:"dedup_ratio"`       // raw by unique
	Packing   float64            `json:"compression_ratio"` // unique by stored
	Missing   int64              `json:"missing_chunks"`    // named by a snapshot and in no index
	Objects   map[string]Objects `json:"objects"`           // all that the repository holds, used or not
}

// Run measures the snapshots, which are in order of time.
func Run(ctx context.Context, r *repo.Repo, snaps []repo.Snapshot) (Report, error) {
	rep := Report{Snapshots: []Snapshot{}, Objects: map[string]Objects{}}
	ix, err := r.Index(ctx)
	if err != nil {
		return rep, err
	}
	packs := reach.NewPacks(ix, r.State().HasIndex)
	m := &meter{repo: r, rd: tree.NewReader(r, r.Keys().ContentHash, 4<<20), packs: packs, seen: packs.NewSpots(), met: map[chunk.Ref]struct{}{}, rep: &rep}
	for _, s := range snaps {
		one, err := m.measure(ctx, s)
		if err != nil {
			return rep, err
		}
		rep.Snapshots = append(rep.Snapshots, one)
		rep.Files += one.Files
		rep.Bytes += one.Bytes
		rep.Unique += one.Unique
		rep.Stored += one.Stored
	}
	rep.Chunks = m.chunks
	rep.Ratio, rep.Dedup, rep.Packing = ratio(rep.Bytes, rep.Stored), ratio(rep.Bytes, rep.Unique), ratio(rep.Unique, rep.Stored)
	for _, t := range store.Types {
		var o Objects
		err := r.Store().List(ctx, t, func(i store.Info) error {
			o.Count++
			o.Bytes += i.Size
			return nil
		})
		if err != nil {
			return rep, err
		}
		rep.Objects[string(t)] = o
	}
	return rep, nil
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// meter goes over trees and remembers which chunks it met.
type meter struct {
	repo   *repo.Repo
	rd     *tree.Reader
	packs  *reach.Packs
	seen   reach.Spots
	met    map[chunk.Ref]struct{} // in none of the packs
	chunks int64
	rep    *Report
	copies []reach.Copy
	places []index.Location
}

func (m *meter) measure(ctx context.Context, s repo.Snapshot) (Snapshot, error) {
	one := Snapshot{ID: s.ID}
	for n, err := range m.rd.Entries(ctx, s.Root.Ref()) {
		if err != nil {
			return one, err
		}
		switch n.Type {
		case tree.Dir:
			one.Files += int64(n.Files)
			one.Bytes += int64(n.Bytes)
		case tree.File:
			one.Files++
			one.Bytes += int64(n.Size)
		}
	}
	err := m.rd.Chunks(ctx, s.Root.Ref(), func(ref chunk.Ref) (bool, error) {
		m.copies = m.packs.Copies(ref, m.copies[:0], &m.places)
		if len(m.copies) == 0 {
			return m.apart(ctx, ref, &one)
		}
		if c := &m.copies[0]; m.seen.Add(c.Spot) {
			m.count(ref, c.At.Stored, &one)
			return ref.Kind != chunk.Data, ctx.Err()
		}
		return false, nil
	})
	return one, err
}

// apart counts a chunk that was in no pack when the run began: a prune beside
// it may have moved it, else it is missing.
func (m *meter) apart(ctx context.Context, ref chunk.Ref, one *Snapshot) (below bool, err error) {
	if _, met := m.met[ref]; met {
		return false, nil
	}
	m.met[ref] = struct{}{}
	places, err := m.repo.Locate(ctx, ref.Kind, ref.ID)
	if err != nil {
		return false, err
	}
	if len(places) == 0 {
		m.rep.Missing++
		m.count(ref, 0, one)
		return false, nil
	}
	m.count(ref, places[0].Stored, one)
	return ref.Kind != chunk.Data, nil
}

// count adds a chunk that was not met before.
func (m *meter) count(ref chunk.Ref, stored uint32, one *Snapshot) {
	m.chunks++
	one.Unique += int64(ref.Size)
	one.Stored += int64(stored)
	if ref.Kind != chunk.Data {
		m.rep.TreeBytes += int64(stored)
	}
}
