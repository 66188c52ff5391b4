package states

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/blake3"
)

// ErrNone is what Open's error Is where the set has no usable state file.
var ErrNone = errors.New("no file states are kept for this backup set")

// DamageError says that a state file, or a part of it, cannot be used.
type DamageError struct {
	Path string
	How  string
}

func (e *DamageError) Error() string { return e.Path + " cannot be used: " + e.How }

// Reader reads the records of a state file in order. It is not safe for
// concurrent use. A file that is replaced meanwhile stays readable.
type Reader struct {
	f     *os.File
	zr    *zstd.Decoder
	t     *trailer
	next  int    // number of the next block
	in    []byte // a block as stored
	room  []byte // its records
	rest  []byte // those not read yet
	path  []byte
	value []byte
	ahead bool // path and value were read but not given out
	begun bool // path is a record's
	err   error
}

// Open opens the newest usable state file of the set and returns, with it, the
// meta data and the snapshot that Commit was given. Unfinished, torn and
// otherwise unusable files are passed over; where no other is left the error
// Is ErrNone.
func Open(dir string, set [32]byte) (r *Reader, meta []byte, snapshot [32]byte, err error) {
	names, _, err := list(dir, set)
	if err != nil {
		return nil, nil, snapshot, err
	}
	var why error
	for _, name := range names {
		if strings.HasSuffix(name, tmpSuffix) {
			continue
		}
		r, err := open(filepath.Join(dir, name), set)
		if err == nil {
			return r, r.t.meta, r.t.snapshot, nil
		}
		why = err
	}
	if why != nil {
		return nil, nil, snapshot, fmt.Errorf("%w: %w", ErrNone, why)
	}
	return nil, nil, snapshot, ErrNone
}

func open(path string, set [32]byte) (r *Reader, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	t, err := readTrailer(f, info.Size(), set)
	if err != nil {
		return nil, &DamageError{path, err.Error()}
	}
	zr, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxBlock))
	if err != nil {
		return nil, err
	}
	return &Reader{f: f, zr: zr, t: t}, nil
}

// readTrailer reads and verifies all of a file of size bytes but its blocks.
func readTrailer(f io.ReaderAt, size int64, set [32]byte) (*trailer, error) {
	if size < headSize+footSize {
		return nil, errors.New("it is too short")
	}
	h, ft := make([]byte, headSize), make([]byte, footSize)
	if _, err := f.ReadAt(h, 0); err != nil {
		return nil, err
	}
	if _, err := f.ReadAt(ft, size-footSize); err != nil {
		return nil, err
	}
	if !bytes.Equal(h, head(set)) {
		return nil, errors.New("it has another version or belongs to another set")
	}
	n := binary.LittleEndian.Uint64(ft)
	if n > uint64(size-headSize-footSize) {
		return nil, errors.New("it was not finished")
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, size-footSize-int64(n)); err != nil {
		return nil, err
	}
	if !bytes.Equal(ft, foot(h, b)) {
		return nil, errors.New("it was not finished, or its trailer is damaged")
	}
	t, err := parseTrailer(b)
	if err != nil {
		return nil, err
	}
	if t.end() != size-footSize-int64(n) {
		return nil, errors.New("its blocks do not fill it")
	}
	return t, nil
}

// Len returns how many records the file holds.
func (r *Reader) Len() uint64 { return r.t.count }

// Next returns the next record; ok is false at the end, or with an error. The
// slices are valid until the next call of any method and must not be changed.
// An error is a *DamageError or one of reading; what was returned before it
// holds.
func (r *Reader) Next() (path, value []byte, ok bool, err error) {
	if r.ahead {
		r.ahead = false
	} else if !r.step() {
		return nil, nil, false, r.err
	}
	return r.path, r.value, true, nil
}

// SkipTo goes forward so that Next returns the first record whose path does not
// come before path, in the order of Compare. Where the reader is there already
// or beyond, nothing happens. Whole blocks are skipped unread.
func (r *Reader) SkipTo(path []byte) error {
	if r.ahead && Compare(r.path, path) >= 0 {
		return nil
	}
	if !r.ahead && r.begun && Compare(r.path, path) >= 0 {
		return nil
	}
	r.ahead = false
	// The last block that begins at path or before it.
	if k := sort.Search(len(r.t.blocks), func(i int) bool { return Compare(r.t.blocks[i].first, path) > 0 }) - 1; k >= r.next {
		r.next, r.rest = k, nil
	}
	for r.step() {
		if Compare(r.path, path) >= 0 {
			r.ahead = true
			break
		}
	}
	return r.err
}

// step reads one record into path and value.
func (r *Reader) step() bool {
	if r.err != nil {
		return false
	}
	if len(r.rest) == 0 {
		if r.next == len(r.t.blocks) {
			return false
		}
		if r.err = r.block(&r.t.blocks[r.next]); r.err != nil {
			return false
		}
		r.next++
		r.path = r.path[:0]
	}
	b := r.rest
	same, n1 := binary.Uvarint(b)
	if n1 <= 0 || same > uint64(len(r.path)) {
		return r.damaged()
	}
	b = b[n1:]
	more, n2 := binary.Uvarint(b)
	if n2 <= 0 || more > uint64(len(b)-n2) || same+more > MaxPath {
		return r.damaged()
	}
	b = b[n2:]
	r.path = append(r.path[:same], b[:more]...)
	b = b[more:]
	size, n3 := binary.Uvarint(b)
	if n3 <= 0 || size > uint64(len(b)-n3) {
		return r.damaged()
	}
	r.value, r.rest = b[n3:n3+int(size):n3+int(size)], b[n3+int(size):]
	r.begun = true
	return true
}

// block reads, verifies and decompresses a block.
func (r *Reader) block(k *blockInfo) error {
	if int64(cap(r.in)) < k.stored {
		r.in = make([]byte, k.stored)
	}
	r.in = r.in[:k.stored]
	if _, err := r.f.ReadAt(r.in, k.at); err != nil {
		return fmt.Errorf("%s cannot be read: %w", r.f.Name(), err)
	}
	if blake3.Sum256(r.in) != k.hash {
		return &DamageError{r.f.Name(), fmt.Sprintf("the block at %d is damaged", k.at)}
	}
	var err error
	r.room, err = r.zr.DecodeAll(r.in, r.room[:0])
	if err != nil || len(r.room) != k.plain || len(r.room) == 0 {
		return &DamageError{r.f.Name(), fmt.Sprintf("the block at %d cannot be decompressed", k.at)}
	}
	r.rest = r.room
	return nil
}

func (r *Reader) damaged() bool {
	r.err = &DamageError{r.f.Name(), "a record cannot be decoded"}
	return false
}

// Close ends the reading.
func (r *Reader) Close() error {
	r.zr.Close()
	return r.f.Close()
}
