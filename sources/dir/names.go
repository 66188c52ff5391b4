package dir

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// blockSize is the size of a listing's blocks: large enough that most folders
// need one, small enough that the last one of many is no waste.
const blockSize = 64 << 10

// ref says where a name is: block and offset in it, and its length.
type ref struct {
	block  uint32 // with regular, where the folder says that it names a file
	offset uint16
	length uint16
}

// regular is the bit of a ref's block that marks a regular file. A hint: not
// every file system says, and the name may mean something else by now.
const regular = 1 << 31

// listing is the sorted names of a folder, without "." and "..". Each name
// ends in a zero byte, ready for a system call. One struct and a string for
// each name would need several times the memory.
type listing struct {
	blocks [][]byte
	used   int // blocks in use
	refs   []ref
	maps   [][]byte // memory of the blocks after the first few
	spare  []byte   // of the last map
	table  []byte   // memory of refs where there are many, nil otherwise
}

func (l *listing) reset() {
	l.used, l.refs = 0, l.refs[:0]
}

// heapBlocks is how many blocks come from the heap. More are mapped: the
// collector lets the heap grow to about twice of what is alive, which for a
// million names would be the greatest part of a whole backup's memory.
const (
	heapBlocks = 16
	mapSize    = 16 * blockSize
)

// heapRefs is how many refs stand on the heap at most.
const heapRefs = 1 << 15

// big reports whether the listing is to be freed rather than kept for the next
// folder.
func (l *listing) big() bool { return len(l.blocks) > heapBlocks || cap(l.refs) > heapRefs }

// grow makes room for more refs. Many lie in mapped memory, like the names; of
// what is mapped ahead nothing is taken before it is used.
func (l *listing) grow() {
	n := max(1<<10, 2*cap(l.refs))
	size := n * int(unsafe.Sizeof(ref{}))
	if n > heapRefs {
		var m []byte
		var err error
		if l.table == nil {
			m, err = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		} else {
			m, err = unix.Mremap(l.table, size, unix.MREMAP_MAYMOVE)
		}
		if err == nil {
			refs := unsafe.Slice((*ref)(unsafe.Pointer(&m[0])), n)
			if l.table == nil {
				copy(refs, l.refs)
			}
			l.table, l.refs = m, refs[:len(l.refs)]
			return
		}
		// The heap may still have room; the table goes when all is freed.
	}
	l.refs = append(make([]ref, 0, n), l.refs...)
}

// free gives mapped memory back; names got before are invalid afterwards.
func (l *listing) free() {
	for _, m := range l.maps {
		_ = unix.Munmap(m)
	}
	if l.table != nil {
		_ = unix.Munmap(l.table)
	}
	*l = listing{}
}

func (l *listing) block() []byte {
	if len(l.blocks) < heapBlocks {
		return make([]byte, 0, blockSize)
	}
	if len(l.spare) == 0 {
		m, err := unix.Mmap(-1, 0, mapSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil { // the heap may still have room
			return make([]byte, 0, blockSize)
		}
		l.maps, l.spare = append(l.maps, m), m
	}
	b := l.spare[:0:blockSize]
	l.spare = l.spare[blockSize:]
	return b
}

func (l *listing) len() int { return len(l.refs) }

// name returns the i-th name with its zero byte.
func (l *listing) name(i int) []byte {
	r := l.refs[i]
	return l.blocks[r.block&^regular][r.offset : int(r.offset)+int(r.length)+1]
}

// regular reports whether the i-th name seems to be a regular file's.
func (l *listing) regular(i int) bool { return l.refs[i].block&regular != 0 }

func (l *listing) add(name []byte, kind byte) {
	if l.used == 0 || len(l.blocks[l.used-1])+len(name)+1 > blockSize {
		if l.used == len(l.blocks) {
			l.blocks = append(l.blocks, l.block())
		}
		l.blocks[l.used] = l.blocks[l.used][:0]
		l.used++
	}
	b := &l.blocks[l.used-1]
	r := ref{uint32(l.used - 1), uint16(len(*b)), uint16(len(name))}
	if kind == unix.DT_REG {
		r.block |= regular
	}
	if len(l.refs) == cap(l.refs) {
		l.grow()
	}
	l.refs = append(l.refs, r)
	*b = append(append(*b, name...), 0)
}

// bare returns a name without its zero byte.
func (l *listing) bare(r ref) []byte {
	return l.blocks[r.block&^regular][r.offset : int(r.offset)+int(r.length)]
}

func (l *listing) sort() {
	slices.SortFunc(l.refs, func(a, b ref) int { return bytes.Compare(l.bare(a), l.bare(b)) })
}

// find returns the place of a name, or false.
func (l *listing) find(name string) (int, bool) {
	return slices.BinarySearchFunc(l.refs, name, func(r ref, name string) int {
		return bytes.Compare(l.bare(r), []byte(name))
	})
}

// The kernel's struct linux_dirent64: u64 inode, i64 offset, u16 length of the
// record, u8 type, then the name, ended by a zero byte and padded.
const (
	direntLength = 16
	direntType   = 18
	direntName   = 19
)

// read fills the listing from an open directory, using buf for the kernel's
// records. What was read before an error stays in the listing.
func (l *listing) read(fd int, buf []byte) error {
	l.reset()
	defer l.sort()
	for {
		n, err := unix.Getdents(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n <= 0 {
			return nil
		}
		for rest := buf[:n]; len(rest) > direntName; {
			size := int(binary.NativeEndian.Uint16(rest[direntLength:]))
			if size <= direntName || size > len(rest) {
				return unix.EIO
			}
			name := rest[direntName:size]
			if end := bytes.IndexByte(name, 0); end >= 0 {
				name = name[:end]
			}
			if s := string(name); s != "." && s != ".." && s != "" {
				l.add(name, rest[direntType])
			}
			rest = rest[size:]
		}
	}
}
