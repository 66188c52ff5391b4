package fusefs

import (
	"sync"

	"ivyvault/chunk"
)

// dir is a directory that the kernel knows. What is above mu's reach (all but
// lookups and children) never changes once it is in the table.
type dir struct {
	number uint64
	parent *dir
	place  uint64    // in the parent
	top    chunk.Ref // of a snapshot's directory; zero where folder is set
	view   *view     // the tree that the directory belongs to; nil for folders
	folder folder    // a directory of the mount itself
	ino    uint64

	lookups  uint64 // that the kernel has not forgotten
	children int    // directories in the table that have this one as parent
}

// dirTable gives each directory that the kernel knows a number. A number is
// never used twice, so a node id that the kernel still holds for a file never
// comes to mean another file.
type dirTable struct {
	mu       sync.RWMutex
	byNumber map[uint64]*dir
	byPlace  map[uint64]*dir // by the id that a file at that place would have
	last     uint64
}

func newDirTable() *dirTable {
	return &dirTable{byNumber: make(map[uint64]*dir), byPlace: make(map[uint64]*dir)}
}

// get returns the directory with the number, or nil.
func (t *dirTable) get(number uint64) *dir {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byNumber[number]
}

// enter counts one look-up of the directory at a place of parent and returns
// it; where the kernel does not know it, fill sets what is new in it. It
// returns nil when there are no numbers left.
func (t *dirTable) enter(parent *dir, place uint64, fill func(*dir)) *dir {
	key := fileID(parent.number, place)
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.byPlace[key]
	if d == nil {
		if t.last == maxNumber {
			return nil
		}
		t.last++
		d = &dir{number: t.last, parent: parent, place: place}
		fill(d)
		parent.children++
		t.byPlace[key] = d
		t.byNumber[d.number] = d
	}
	d.lookups++
	return d
}

// pin enters the root, which is never forgotten.
func (t *dirTable) pin(fill func(*dir)) {
	d := &dir{lookups: 1}
	fill(d)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byNumber[0] = d
}

// forget takes back n look-ups. A directory leaves the table when neither the
// kernel nor a directory below it needs it: the kernel may forget a directory
// before those below.
func (t *dirTable) forget(number, n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.byNumber[number]
	if d == nil || number == 0 {
		return
	}
	d.lookups -= min(n, d.lookups)
	for d.number != 0 && d.lookups == 0 && d.children == 0 {
		delete(t.byNumber, d.number)
		delete(t.byPlace, fileID(d.parent.number, d.place))
		d = d.parent
		d.children--
	}
}

// len returns how many directories the table holds.
func (t *dirTable) len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.byNumber)
}
