package index

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"ivyvault/chunk"
)

// runSize is how many entries a fold sorts in memory at once, 6.8 MB.
const runSize = 128 << 10

// spilled is the size of an entry in a run's file.
const spilled = 32 + 5*4

// runs sorts any number of entries in bounded memory: full runs are sorted and
// written to files, the last one stays in memory.
type runs struct {
	dir   string
	size  int // of a run, entries
	mem   []entry
	files []*os.File
	total int
}

func newRuns(dir string, size int) *runs { return &runs{dir: dir, size: size} }

func (r *runs) add(e entry) error {
	if len(r.mem) == r.size {
		if err := r.spill(); err != nil {
			return err
		}
	}
	r.mem = append(r.mem, e)
	r.total++
	return nil
}

func compareEntries(a, b entry) int {
	if c := order(&a.id, a.kind(), &b.id, b.kind()); c != 0 {
		return c
	}
	if c := cmp.Compare(a.listing, b.listing); c != 0 {
		return c
	}
	return cmp.Compare(a.place, b.place)
}

func (r *runs) spill() error {
	slices.SortFunc(r.mem, compareEntries)
	f, err := os.OpenFile(filepath.Join(r.dir, "run-"+strconv.Itoa(len(r.files))), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	r.files = append(r.files, f)
	w := bufio.NewWriterSize(f, 64<<10)
	var b [spilled]byte
	for i := range r.mem {
		e := &r.mem[i]
		copy(b[:], e.id[:])
		for j, v := range [5]uint32{e.listing, e.offset, e.stored, e.size, e.place} {
			binary.LittleEndian.PutUint32(b[32+4*j:], v)
		}
		if _, err := w.Write(b[:]); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	r.mem = r.mem[:0]
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// remove deletes the files. It may be called twice.
func (r *runs) remove() error {
	var first error
	for _, f := range r.files {
		f.Close()
		if err := os.Remove(f.Name()); first == nil {
			first = err
		}
	}
	r.files, r.mem = nil, nil
	return first
}

// cursor walks one run.
type cursor struct {
	e   entry
	mem []entry       // either what is left in memory,
	r   *bufio.Reader // or a file
}

func (c *cursor) next() (bool, error) {
	if c.r == nil {
		if len(c.mem) == 0 {
			return false, nil
		}
		c.e, c.mem = c.mem[0], c.mem[1:]
		return true, nil
	}
	var b [spilled]byte
	if _, err := io.ReadFull(c.r, b[:]); err == io.EOF {
		return false, nil
	} else if err != nil {
		return false, err
	}
	c.e.id = chunk.ID(b[:32])
	for j, p := range [5]*uint32{&c.e.listing, &c.e.offset, &c.e.stored, &c.e.size, &c.e.place} {
		*p = binary.LittleEndian.Uint32(b[32+4*j:])
	}
	return true, nil
}

// merge is the sorted sequence of all entries of the runs. A fold has at
// most some hundred runs, so the least is found by keeping the cursors sorted.
type merge struct {
	cursors []*cursor // by their entry, descending: the least is the last
}

func (r *runs) merge() (*merge, error) {
	slices.SortFunc(r.mem, compareEntries)
	m := new(merge)
	all := []*cursor{{mem: r.mem}}
	for _, f := range r.files {
		all = append(all, &cursor{r: bufio.NewReaderSize(f, 32<<10)})
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

func (m *merge) insert(c *cursor) {
	at, _ := slices.BinarySearchFunc(m.cursors, c, func(a, b *cursor) int { return -compareEntries(a.e, b.e) })
	m.cursors = slices.Insert(m.cursors, at, c)
}

// peek returns the least entry, nil at the end. It is valid until pop.
func (m *merge) peek() *entry {
	if len(m.cursors) == 0 {
		return nil
	}
	return &m.cursors[len(m.cursors)-1].e
}

func (m *merge) pop() error {
	c := m.cursors[len(m.cursors)-1]
	m.cursors = m.cursors[:len(m.cursors)-1]
	ok, err := c.next()
	if ok {
		m.insert(c)
	}
	return err
}
