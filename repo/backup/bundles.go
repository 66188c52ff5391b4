package backup

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/tree"
)

// Bundles age: files go, and their bytes stay in bundles of which little is
// used; or the files of a directory come one a night and lie in as many
// bundles. Both are mended by reading such files again, which puts them
// together anew.

// thinShare is the part of a bundle that must be used: below a quarter, what is
// left of it is read again by the next run.
const thinShare = 4

// scattered is how many times the bundles that the files of one directory page
// need they may lie in, before they are read again. Pages, not directories, are
// looked at, since a page is what a run holds of the parent.
const scattered = 4

// bundleSize is about how much a bundle holds, in bytes.
const bundleSize = 1 << 20

// isScattered reports whether the small files of a page lie in far more bundles
// than they need.
func isScattered(p *tree.Page, n *tree.Node) bool {
	bundles := 0
	for i := range p.Refs() {
		if ref := p.Ref(i); ref.Kind == chunk.Data {
			bundles++
		}
	}
	if bundles <= 2*scattered { // the least that two bundles need; most pages end here
		return false
	}
	seen, size := map[chunk.ID]struct{}{}, uint64(0)
	for i := range p.Len() {
		if p.Decode(i, n); n.Content.Form == tree.Slice {
			seen[n.Content.Ref.ID] = struct{}{}
			size += n.Size
		}
	}
	return uint64(len(seen)) > scattered*(size/bundleSize+2)
}

// usage counts how many bytes of each bundle a run's files use.
type usage struct {
	used map[chunk.Ref]uint64
	thin map[chunk.ID]struct{} // by the run before: to be read again
}

func newUsage(r *repo.Repo, opt Options) *usage {
	u := &usage{used: map[chunk.Ref]uint64{}, thin: map[chunk.ID]struct{}{}}
	p, err := os.ReadFile(thinFile(r, opt))
	if err != nil {
		return u // nothing is known: nothing is thin
	}
	for line := range bytes.Lines(p) {
		var id chunk.ID
		if b, err := hex.DecodeString(string(bytes.TrimSpace(line))); err == nil && copy(id[:], b) == len(id) {
			u.thin[id] = struct{}{}
		}
	}
	return u
}

// add notes a file that was written to the tree.
func (u *usage) add(n *tree.Node) {
	if n.Content.Form == tree.Slice {
		u.used[n.Content.Ref] += n.Size
	}
}

// isThin reports whether a content lies in a bundle of which little is used.
func (u *usage) isThin(c *tree.Content) bool {
	if c.Form != tree.Slice || len(u.thin) == 0 {
		return false
	}
	_, thin := u.thin[c.Ref.ID]
	return thin
}

// keep writes down for the next run which bundles are thin by now. The last
// bundle of a run is small, not thin. A failure only puts the mending off.
func (u *usage) keep(r *repo.Repo, opt Options) {
	name := thinFile(r, opt)
	if name == "" {
		return
	}
	var out []byte
	for ref, used := range u.used {
		if used*thinShare < uint64(ref.Size) {
			out = append(hex.AppendEncode(out, ref.ID[:]), '\n')
		}
	}
	if len(out) == 0 {
		os.Remove(name)
		return
	}
	if os.MkdirAll(filepath.Dir(name), 0o700) != nil {
		return
	}
	tmp := name + ".new"
	if os.WriteFile(tmp, out, 0o600) == nil {
		os.Rename(tmp, name)
	}
}

func thinFile(r *repo.Repo, opt Options) string {
	set := setName(opt)
	return r.CachePath(filepath.Join("thin", hex.EncodeToString(set[:])))
}

// twins finds small contents that this run has bundled already. It holds the
// last one for each of its places, so its memory is fixed and what it finds
// depends on the order of the contents alone.
type twins struct{ at []twin }

type twin struct {
	pending tree.Pending
	any     bool
}

const twinPlaces = 32 << 10

func (t *twins) place(hash chunk.ID) *twin {
	if t.at == nil {
		t.at = make([]twin, twinPlaces)
	}
	return &t.at[(uint(hash[0])|uint(hash[1])<<8)%twinPlaces]
}

// find returns the content bundled before, if it is still known.
func (t *twins) find(hash chunk.ID) (tree.Pending, bool) {
	p := t.place(hash)
	return p.pending, p.any && p.pending.Is(hash)
}

func (t *twins) note(hash chunk.ID, p tree.Pending) { *t.place(hash) = twin{p, true} }
