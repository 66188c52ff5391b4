package fusefs

import (
	"context"
	"io/fs"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"ivyvault/repo/tree"
)

// folder is a directory of the mount itself. Its methods may be called
// concurrently.
type folder interface {
	// find returns the entry with the name; without one, an error that Is
	// fs.ErrNotExist.
	find(ctx context.Context, name string) (entry, error)
	// at returns the link or file at a place; without one, an error that Is
	// fs.ErrNotExist.
	at(ctx context.Context, place uint64) (entry, error)
	// list calls yield with the entries from position pos on, in an order that
	// stays the same, each with the position after it, until yield says false.
	list(ctx context.Context, pos uint64, yield func(e entry, next uint64) bool) error
	// changed tells when the folder last changed.
	changed() time.Time
}

// entry is what stands in a folder: exactly one of folder, view, node and
// target is set, or dir where a listing tells no more than that.
type entry struct {
	name   string
	place  uint64
	ino    uint64
	folder folder     // a folder
	view   *view      // the root of a snapshot
	node   *tree.Node // a file
	target string     // a symbolic link
	dir    bool       // something that find tells more of
}

func (e *entry) isDir() bool { return e.dir || e.folder != nil || e.view != nil }

// atHand reports whether all attributes are known without reading anything. Of
// other entries a listing tells the kernel the name only, and it asks for those
// that somebody looks at.
func (e *entry) atHand() bool {
	return !e.dir && e.node == nil && (e.view == nil || e.view.sub == "")
}

func notThere(name string) error {
	return &fs.PathError{Op: "lookup", Path: name, Err: fs.ErrNotExist}
}

// roll is a folder whose entries are set as a whole, now and then.
type roll struct {
	ino    uint64
	state  atomic.Pointer[rollState]
	mu     sync.Mutex        // of set
	places map[string]uint64 // by what an entry is; never given twice
}

// rollState is never changed.
type rollState struct {
	entries []entry // in the order of their places
	byName  map[string]int
	changed time.Time
}

var _ folder = (*roll)(nil)

func newRoll(ino uint64) *roll {
	r := &roll{ino: ino, places: make(map[string]uint64)}
	r.state.Store(&rollState{})
	return r
}

// member is an entry with what makes it itself: as long as there is a member
// of the same identity it keeps its place and so its node id.
type member struct {
	identity string
	entry
}

// set replaces all entries. changed is taken where they differ from before.
func (r *roll) set(members []member, changed time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.state.Load()
	s := &rollState{entries: make([]entry, len(members)), byName: make(map[string]int, len(members)), changed: changed}
	for i, m := range members {
		place, ok := r.places[m.identity]
		if !ok {
			place = uint64(len(r.places))
			r.places[m.identity] = place
		}
		m.place = place
		s.entries[i] = m.entry
	}
	sort.Slice(s.entries, func(i, j int) bool { return s.entries[i].place < s.entries[j].place })
	same := len(s.entries) == len(old.entries)
	for i, e := range s.entries {
		s.byName[e.name] = i
		same = same && e.place == old.entries[i].place && e.name == old.entries[i].name
	}
	if same && !old.changed.IsZero() {
		s.changed = old.changed
	}
	r.state.Store(s)
}

func (r *roll) find(_ context.Context, name string) (entry, error) {
	s := r.state.Load()
	if i, ok := s.byName[name]; ok {
		return s.entries[i], nil
	}
	return entry{}, notThere(name)
}

func (s *rollState) from(place uint64) int {
	return sort.Search(len(s.entries), func(i int) bool { return s.entries[i].place >= place })
}

func (r *roll) at(_ context.Context, place uint64) (entry, error) {
	s := r.state.Load()
	if i := s.from(place); i < len(s.entries) && s.entries[i].place == place {
		return s.entries[i], nil
	}
	return entry{}, notThere("")
}

func (r *roll) list(_ context.Context, pos uint64, yield func(entry, uint64) bool) error {
	s := r.state.Load()
	for _, e := range s.entries[s.from(pos):] {
		if !yield(e, e.place+1) {
			break
		}
	}
	return nil
}

func (r *roll) changed() time.Time { return r.state.Load().changed }
