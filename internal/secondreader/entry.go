package secondreader

import (
	"bytes"
	"errors"
	"fmt"
)

// The types of entries.
const (
	File      = 1
	Directory = 2
	Symlink   = 3
	Fifo      = 4
	Character = 5
	Block     = 6
	Socket    = 7
)

// The flags of entries.
const (
	flagSameTime = 1 << iota
	flagLinks
	flagXattrs
	flagStamp
	flagDevice
	flagsEnd
)

// Entry is one thing in a directory.
type Entry struct {
	Name         []byte
	Type         byte
	Mode         uint32 // 07777
	UID, GID     uint32
	Mtime, Ctime Time
	Inode        uint64
	Links        uint64 // above 1: (Device, Inode) names the links of one file
	Device       uint64
	Node         uint64 // number of a device node
	Size         uint64 // of a file
	Target       []byte // of a symbolic link
	Xattrs       []Xattr
	Stamp        []byte

	content content // of a file
	top     ref     // of a directory
	below   totals  // of a directory
}

// Time is seconds and nanoseconds since 1970.
type Time struct{ Sec, Nsec int64 }

// Xattr is an extended attribute.
type Xattr struct{ Name, Value []byte }

// pageRefs are the references of a page. They are used in the order in which
// they stand.
type pageRefs struct {
	all  []ref
	used int
}

func (r *pageRefs) take(d *decoder) ref {
	i := d.uv()
	if i >= uint64(len(r.all)) || i > uint64(r.used) {
		d.fail("reference %d does not exist, or is used too early", i)
		return ref{}
	}
	r.used = max(r.used, int(i)+1)
	return r.all[i]
}

// parseEntries reads the body of a page of level 0 that is not empty.
func parseEntries(d decoder) ([]*Entry, error) {
	n := d.count(10)
	if d.err == nil && n == 0 {
		return nil, errors.New("an empty page")
	}
	base := Entry{Mtime: Time{Sec: d.sv()}, Inode: d.uv()}
	var refs pageRefs
	seen := map[ref]bool{}
	for range d.count(1 + 1 + 32) {
		r := ref{kind: d.u8(), size: d.uv(), id: d.hash()}
		if err := r.check(); d.err == nil && err != nil {
			return nil, err
		}
		if seen[r] {
			d.fail("a reference stands twice")
		}
		seen[r] = true
		refs.all = append(refs.all, r)
	}
	var list []*Entry
	for range n {
		e := parseEntry(&d, &base, &refs)
		if d.err != nil {
			return nil, fmt.Errorf("entry %q: %w", e.Name, d.err)
		}
		if len(list) > 0 && bytes.Compare(list[len(list)-1].Name, e.Name) >= 0 {
			return nil, errors.New("the names of a page are not sorted")
		}
		list = append(list, e)
	}
	if refs.used != len(refs.all) {
		d.fail("a reference is not used")
	}
	if err := d.done(); err != nil {
		return nil, err
	}
	if list[0].Mtime.Sec != base.Mtime.Sec || list[0].Inode != base.Inode {
		return nil, errors.New("the bases are not those of the first entry")
	}
	return list, nil
}

func parseEntry(d *decoder, base *Entry, refs *pageRefs) *Entry {
	e := &Entry{Name: d.bytes(), Type: d.u8()}
	if !goodName(e.Name) {
		d.fail("a name that no file can have")
	}
	flags, mode := d.uv(), d.uv()
	if flags >= flagsEnd {
		d.fail("unknown flags")
	}
	if mode > 0o7777 {
		d.fail("unknown bits in the mode")
	}
	e.Mode = uint32(mode)
	e.UID, e.GID = d.number32(), d.number32()
	e.Mtime = d.time(base)
	e.Ctime = e.Mtime
	if flags&flagSameTime == 0 {
		if e.Ctime = d.time(base); e.Ctime == e.Mtime {
			d.fail("a ctime that says nothing")
		}
	}
	e.Inode = base.Inode + uint64(d.sv())
	if flags&flagLinks != 0 {
		if e.Links, e.Device = d.uv(), d.uv(); e.Links < 2 {
			d.fail("a number of links that says nothing")
		}
	}
	if flags&flagDevice != 0 {
		if e.Node = d.uv(); e.Node == 0 || e.Type != Character && e.Type != Block {
			d.fail("a device number that says nothing")
		}
	}
	switch e.Type {
	case File:
		e.Size = d.uv()
		e.content = parseContent(d, e.Size, refs)
	case Directory:
		e.top = refs.take(d)
		e.below = totals{d.uv(), d.uv()}
		if d.err == nil && e.top.kind != kindPage {
			d.fail("a directory that isn't a page")
		}
	case Symlink:
		if e.Target = d.bytes(); len(e.Target) == 0 {
			d.fail("a link without a target")
		}
	case Fifo, Character, Block, Socket:
	default:
		d.fail("unknown type %d", e.Type)
	}
	if flags&flagXattrs != 0 {
		e.Xattrs = parseXattrs(d)
	}
	if flags&flagStamp != 0 {
		if e.Stamp = d.bytes(); len(e.Stamp) == 0 {
			d.fail("a stamp that says nothing")
		}
	}
	return e
}

func goodName(name []byte) bool {
	return len(name) >= 1 && len(name) <= 4096 && !bytes.ContainsAny(name, "/\x00") && string(name) != "." && string(name) != ".."
}

func parseXattrs(d *decoder) (list []Xattr) {
	n := d.count(2)
	for i := range n {
		x := Xattr{Name: d.bytes(), Value: d.bytes()}
		if len(x.Name) == 0 || i > 0 && bytes.Compare(list[i-1].Name, x.Name) >= 0 {
			d.fail("the extended attributes are not sorted")
		}
		list = append(list, x)
	}
	if n == 0 {
		d.fail("a list of attributes that says nothing")
	}
	return list
}

// time reads seconds, which differ from base and wrap around, and nanoseconds.
func (d *decoder) time(base *Entry) Time {
	t := Time{Sec: base.Mtime.Sec + d.sv()}
	ns := d.uv()
	if ns >= 1e9 {
		d.fail("%d nanoseconds", ns)
		return t
	}
	t.Nsec = int64(ns)
	return t
}

func (d *decoder) number32() uint32 {
	n := d.uv()
	if n > 1<<32-1 {
		d.fail("%d is no number of a user or group", n)
	}
	return uint32(n)
}
