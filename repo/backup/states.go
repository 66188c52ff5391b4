package backup

import (
	"errors"
	"fmt"

	"ivyvault/index/states"
	"ivyvault/repo"
	"ivyvault/repo/seal"
	"ivyvault/repo/tree"
)

// A backup key can't read its parent. In its place a local record of every file
// of the last run, in the order of the walk, says what was stored for it. Each
// value is a directory page with the one entry. Losing the record costs one run
// that reads everything.

// recorder writes the record of a run under way.
type recorder struct {
	w   *states.Writer
	err error // the first failure; the run goes on without a record
}

// statesDir is the folder of the records, "" without a cache.
func statesDir(r *repo.Repo) string { return r.CachePath("states") }

// setName is the name of the backup set in the cache.
func setName(opt Options) [32]byte {
	return seal.ObjectName([]byte(repo.SetID(opt.Host, opt.Paths)))
}

// record begins the record of a run, or returns nil where none is needed or can
// be kept.
func (x *run) record() *recorder {
	if !needsStates(x.r) || statesDir(x.r) == "" || x.writer == nil {
		return nil
	}
	w, err := states.Create(statesDir(x.r), setName(x.opt))
	return &recorder{w: w, err: err}
}

// add notes what was stored for a file.
func (c *recorder) add(path string, n *tree.Node) {
	if c == nil || c.err != nil || n.Type != tree.File {
		return
	}
	var page []byte
	if page, c.err = tree.EncodeLeaf([]tree.Node{*n}); c.err == nil {
		c.err = c.w.Add([]byte(path), page)
	}
}

// keep makes the record the one that the next run compares with.
func (c *recorder) keep(snap repo.Name) error { return c.keepWith(snap, nil) }

// keepWith keeps with the record what the capture's source goes on from.
func (c *recorder) keepWith(snap repo.Name, state []byte) error {
	if c == nil {
		return nil
	}
	if c.err != nil {
		return c.err
	}
	return c.w.Commit(snap, state)
}

// drop gives the record up.
func (c *recorder) drop() {
	if c != nil && c.w != nil {
		c.w.Close()
	}
}

// openStates opens the record of what this host captured last. Where there is
// none, everything is read.
// With it comes the state that the capture's source goes on from.
func openStates(r *repo.Repo, opt Options, obs Observer) (*parent, []byte) {
	dir := statesDir(r)
	if dir == "" {
		obs.Notice("", "there is no cache folder, and a backup key can't read the parent snapshot: everything is read")
		return noParent(), nil
	}
	rd, meta, snapshot, err := states.Open(dir, setName(opt))
	if err != nil {
		if !errors.Is(err, states.ErrNone) {
			obs.Notice("", fmt.Sprintf("the local record of the last run can't be used, everything is read: %v", err))
		}
		return noParent(), nil
	}
	id := repo.Name(snapshot)
	var node tree.Node
	return &parent{
		id:   &id,
		stop: func() { rd.Close() },
		next: func() (string, *tree.Node, error) {
			path, value, ok, err := rd.Next()
			if err != nil || !ok {
				return "", nil, err
			}
			page, err := tree.ParsePage(append([]byte(nil), value...))
			if err != nil || page.Len() != 1 {
				return "", nil, err
			}
			page.Decode(0, &node)
			return string(path), &node, nil
		},
	}, meta
}
