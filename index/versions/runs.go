package versions

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// change is what one step of a fold says of a path. The key is valid until the
// next.
type change struct {
	key   []byte
	step  uint32
	state State
}

func (c *change) order(o *change) int {
	if n := bytes.Compare(c.key, o.key); n != 0 {
		return n
	}
	return cmp.Compare(c.step, o.step)
}

// runs sorts any number of changes in bounded memory: when the arena is full it
// is sorted and written to a file.
type runs struct {
	dir    string
	limit  int    // of the arena, bytes
	arena  []byte // of each change: u32 step ‖ kind ‖ [16] id ‖ key
	places []place
	files  []*os.File
	total  int64
	bytes  int64 // in files
}

// place is where a change lies in the arena.
type place struct{ at, end uint32 }

const changeHead = 4 + 1 + 16

func newRuns(dir string, limit int) *runs { return &runs{dir: dir, limit: limit} }

// add takes the state that step gives to the path dir/name.
func (r *runs) add(step uint32, dir, name string, s State) error {
	if len(r.arena)+changeHead+3+len(dir)+len(name)+16*len(r.places) > r.limit && len(r.places) > 0 {
		if err := r.spill(); err != nil {
			return err
		}
	}
	at := len(r.arena)
	r.arena = binary.LittleEndian.AppendUint32(r.arena, step)
	r.arena = append(r.arena, s.Kind)
	r.arena = append(r.arena, s.ID[:]...)
	r.arena = appendKey(r.arena, dir, name)
	r.places = append(r.places, place{uint32(at), uint32(len(r.arena))})
	r.total++
	return nil
}

func (r *runs) get(p place) (c change) {
	b := r.arena[p.at:p.end]
	c.step, c.state.Kind = binary.LittleEndian.Uint32(b), b[4]
	copy(c.state.ID[:], b[5:])
	c.key = b[changeHead:]
	return c
}

func (r *runs) sort() {
	slices.SortFunc(r.places, func(a, b place) int {
		x, y := r.arena[a.at:a.end], r.arena[b.at:b.end]
		if n := bytes.Compare(x[changeHead:], y[changeHead:]); n != 0 {
			return n
		}
		return cmp.Compare(binary.LittleEndian.Uint32(x), binary.LittleEndian.Uint32(y))
	})
}

// spill writes the arena to a file, each key without what it shares with the
// one before.
func (r *runs) spill() error {
	r.sort()
	f, err := os.OpenFile(filepath.Join(r.dir, "run-"+strconv.Itoa(len(r.files))), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	r.files = append(r.files, f)
	w := bufio.NewWriterSize(f, 64<<10)
	var head, last []byte
	for _, p := range r.places {
		c := r.get(p)
		same := shared(last, c.key)
		head = binary.AppendUvarint(head[:0], uint64(same))
		head = binary.AppendUvarint(head, uint64(len(c.key)-same))
		head = append(head, r.arena[p.at:p.at+changeHead]...)
		r.bytes += int64(len(head) + len(c.key) - same)
		if _, err := w.Write(head); err != nil {
			return err
		}
		if _, err := w.Write(c.key[same:]); err != nil {
			return err
		}
		last = c.key
	}
	if err := w.Flush(); err != nil {
		return err
	}
	r.arena, r.places = r.arena[:0], r.places[:0]
	_, err = f.Seek(0, io.SeekStart)
	return err
}

func shared(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// remove deletes the files. It may be called twice.
func (r *runs) remove() error {
	var all []error
	for _, f := range r.files {
		all = append(all, f.Close(), os.Remove(f.Name()))
	}
	r.files, r.arena, r.places = nil, nil, nil
	return errors.Join(all...)
}

// run walks one sorted run: either a file or what is left in memory.
type run struct {
	change
	of     *runs
	places []place
	r      *bufio.Reader
}

func (c *run) next() (bool, error) {
	if c.r == nil {
		if len(c.places) == 0 {
			return false, nil
		}
		c.change, c.places = c.of.get(c.places[0]), c.places[1:]
		return true, nil
	}
	same, err := binary.ReadUvarint(c.r)
	if err == io.EOF {
		return false, nil
	}
	more, err2 := binary.ReadUvarint(c.r)
	var head [changeHead]byte
	_, err3 := io.ReadFull(c.r, head[:])
	if err := errors.Join(err, err2, err3); err != nil {
		return false, err
	}
	if same > uint64(len(c.key)) || more > MaxPath+longestName+3 {
		return false, errRow
	}
	c.step, c.state.Kind = binary.LittleEndian.Uint32(head[:]), head[4]
	copy(c.state.ID[:], head[5:])
	c.key = slices.Grow(c.key[:same], int(more))[:same+more]
	_, err = io.ReadFull(c.r, c.key[same:])
	return err == nil, err
}

// merge is the sorted sequence of all changes.
type merge struct{ runs []*run } // by their change, descending: the least is the last

func (r *runs) merge() (*merge, error) {
	r.sort()
	m := new(merge)
	all := []*run{{of: r, places: r.places}}
	for _, f := range r.files {
		all = append(all, &run{r: bufio.NewReaderSize(f, 32<<10)})
	}
	for _, c := range all {
		ok, err := c.next()
		if err != nil {
			return nil, err
		}
		if ok {
			m.insert(c)
		}
	}
	return m, nil
}

func (m *merge) insert(c *run) {
	at, _ := slices.BinarySearchFunc(m.runs, c, func(a, b *run) int { return -a.order(&b.change) })
	m.runs = slices.Insert(m.runs, at, c)
}

// peek returns the least change, nil at the end. It is valid until pop.
func (m *merge) peek() *change {
	if len(m.runs) == 0 {
		return nil
	}
	return &m.runs[len(m.runs)-1].change
}

func (m *merge) pop() error {
	c := m.runs[len(m.runs)-1]
	m.runs = m.runs[:len(m.runs)-1]
	ok, err := c.next()
	if ok {
		m.insert(c)
	}
	return err
}
