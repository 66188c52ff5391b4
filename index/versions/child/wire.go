package child

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"ivyvault/chunk"
	"ivyvault/index/versions"
)

// Numbers are little endian; bytes are a u32 length and the bytes; a snapshot
// is its id, its root's id and the root's u32 size, where 0 is no snapshot.
//
//	parent → child: u32 chains, for each: its name, u32 snapshots, the snapshots
//	child → parent: u8 1, the snapshot before, the snapshot
//	parent → child: for each change: u8 1, directory, name, u8 kind, 16 bytes id;
//	                or u8 2, name, kind, id in the same directory; then u8 0, or
//	                u8 3: leave the snapshot out
//	child → parent: u8 2, the report as JSON
const (
	askChanges = 1
	tellReport = 2

	endChanges = 0
	oneChange  = 1
	sameDir    = 2
	leaveOut   = 3
)

// Bounds on what is accepted, in bytes.
const (
	maxName   = 1 << 20
	maxReport = 1 << 16
)

var errWire = errors.New("the other process says what can't be understood")

// writer keeps its first error.
type writer struct {
	*bufio.Writer
	last string // directory of the last change
	err  error
}

func (w *writer) write(b []byte) {
	if _, err := w.Write(b); w.err == nil {
		w.err = err
	}
}

func (w *writer) byte(b byte) { w.write([]byte{b}) }

func (w *writer) number(n int) {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	w.write(b[:])
}

func (w *writer) bytes(s string) {
	w.number(len(s))
	if _, err := w.WriteString(s); w.err == nil {
		w.err = err
	}
}

func (w *writer) snapshot(s *versions.Snapshot) {
	w.write(s.ID[:])
	w.write(s.Root.ID[:])
	w.number(int(s.Root.Size))
}

func (w *writer) chains(all []versions.Chain) {
	w.number(len(all))
	for _, c := range all {
		w.bytes(c.Name)
		w.number(len(c.Snapshots))
		for i := range c.Snapshots {
			w.snapshot(&c.Snapshots[i])
		}
	}
}

func (w *writer) change(dir, name string, s versions.State) {
	if dir == w.last {
		w.byte(sameDir)
	} else {
		w.byte(oneChange)
		w.bytes(dir)
		w.last = dir
	}
	w.bytes(name)
	w.byte(s.Kind)
	w.write(s.ID[:])
}

// reader keeps its first error, and gives zeros from then on.
type reader struct {
	*bufio.Reader
	room []byte
	err  error
}

// take returns the next n bytes, valid until the next call.
func (r *reader) take(n int) []byte {
	if cap(r.room) < n {
		r.room = make([]byte, n)
	}
	b := r.room[:n]
	if r.err == nil {
		if _, r.err = io.ReadFull(r, b); r.err == io.EOF {
			r.err = io.ErrUnexpectedEOF
		}
	}
	if r.err != nil {
		clear(b)
	}
	return b
}

func (r *reader) byte() byte  { return r.take(1)[0] }
func (r *reader) number() int { return int(binary.LittleEndian.Uint32(r.take(4))) }

func (r *reader) bytes(most int) []byte {
	n := r.number()
	if n > most {
		if r.err == nil {
			r.err = errWire
		}
		return nil
	}
	return r.take(n)
}

func (r *reader) snapshot() (s versions.Snapshot) {
	copy(s.ID[:], r.take(32))
	copy(s.Root.ID[:], r.take(32))
	if s.Root.Size = uint32(r.number()); s.Root.Size != 0 {
		s.Root.Kind = chunk.Page
	}
	return s
}

func (r *reader) chains() (all []versions.Chain) {
	for n := r.number(); n > 0 && r.err == nil; n-- {
		c := versions.Chain{Name: string(r.bytes(maxName))}
		for m := r.number(); m > 0 && r.err == nil; m-- {
			c.Snapshots = append(c.Snapshots, r.snapshot())
		}
		all = append(all, c)
	}
	return all
}

// changes puts the changes that follow.
func (r *reader) changes(put versions.Put) error {
	dir := ""
	for {
		switch r.byte() {
		case oneChange:
			dir = string(r.bytes(maxName))
		case sameDir:
		case leaveOut:
			return versions.ErrLeaveOut
		case endChanges:
			return r.err // or, after an error, the zero that it gave
		default:
			return errWire
		}
		name := string(r.bytes(maxName))
		s := versions.State{Kind: r.byte()}
		copy(s.ID[:], r.take(len(s.ID)))
		if r.err != nil {
			return r.err
		}
		if err := put(dir, name, s); err != nil {
			return err
		}
	}
}
