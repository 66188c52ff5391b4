package states

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/blake3"
)

// Writer writes a state file. It is not safe for concurrent use. Either Commit
// or Close must be called; Close after Commit does nothing.
type Writer struct {
	dir  string
	set  [32]byte
	f    *os.File
	zw   *zstd.Encoder
	t    trailer
	at   int64
	buf  []byte // records of the block
	out  []byte // the block compressed
	last []byte // path of the record before
	err  error  // the first failure; all later calls return it
}

// Create begins a state file of the backup set in dir, which is created where
// it is missing. Nothing of it can be read before Commit.
func Create(dir string, set [32]byte) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// Mode 0600: CreateTemp's.
	f, err := os.CreateTemp(dir, hex.EncodeToString(set[:])+"-*"+tmpSuffix)
	if err != nil {
		return nil, err
	}
	w := &Writer{dir: dir, set: set, f: f, at: headSize}
	w.zw, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(blockSize), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err == nil {
		_, err = f.Write(head(set))
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	w.buf = make([]byte, 0, blockSize+4096)
	return w, nil
}

// Add adds a record. Paths must come in the order of Compare, each once. Neither
// slice is kept.
func (w *Writer) Add(path, value []byte) error {
	if w.err != nil {
		return w.err
	}
	if len(path) > MaxPath || len(value) > MaxValue {
		return w.fail(fmt.Errorf("the state of %q is too large to be kept: %d bytes of path, %d of value",
			path[:min(len(path), 200)], len(path), len(value)))
	}
	same := shared(w.last, path)
	if w.t.count > 0 && !follows(w.last, path, same) {
		return w.fail(fmt.Errorf("the state of %q comes out of order, after %q", path, w.last))
	}
	if len(w.buf) == 0 {
		// Each block can be read without those before it.
		same = 0
		w.t.blocks = append(w.t.blocks, blockInfo{first: append([]byte(nil), path...)})
	}
	b := binary.AppendUvarint(w.buf, uint64(same))
	b = binary.AppendUvarint(b, uint64(len(path)-same))
	b = append(b, path[same:]...)
	b = binary.AppendUvarint(b, uint64(len(value)))
	w.buf = append(b, value...)
	w.last = append(w.last[:same], path[same:]...)
	w.t.count++
	if len(w.buf) >= blockSize {
		return w.flush()
	}
	return nil
}

// follows reports whether b comes after a, the first same bytes of both being
// equal and no more.
func follows(a, b []byte, same int) bool {
	switch {
	case same == len(b):
		return false
	case same == len(a):
		return true
	case a[same] == '/' || b[same] == '/':
		return a[same] == '/'
	}
	return a[same] < b[same]
}

func (w *Writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	w.out = w.zw.EncodeAll(w.buf, w.out[:0])
	k := &w.t.blocks[len(w.t.blocks)-1]
	k.at, k.stored, k.plain, k.hash = w.at, int64(len(w.out)), len(w.buf), blake3.Sum256(w.out)
	if _, err := w.f.Write(w.out); err != nil {
		return w.fail(err)
	}
	w.at += k.stored
	w.buf = w.buf[:0]
	return nil
}

// Commit finishes the file as the state of the snapshot, with meta for the
// caller's own use, makes it durable and the set's newest, and deletes the
// set's older ones. After an error the older ones stay.
func (w *Writer) Commit(snapshot [32]byte, meta []byte) error {
	if w.err != nil {
		return w.err
	}
	defer w.Close()
	if len(meta) > MaxMeta {
		return w.fail(fmt.Errorf("the state's meta data is too large: %d bytes", len(meta)))
	}
	if err := w.flush(); err != nil {
		return err
	}
	w.t.snapshot, w.t.meta = snapshot, meta
	t := w.t.bytes()
	if _, err := w.f.Write(append(t, foot(head(w.set), t)...)); err != nil {
		return w.fail(err)
	}
	if err := w.f.Sync(); err != nil {
		return w.fail(err)
	}
	old, next, err := list(w.dir, w.set)
	if err != nil {
		return w.fail(err)
	}
	if err := os.Rename(w.f.Name(), filepath.Join(w.dir, fileName(w.set, next))); err != nil {
		return w.fail(err)
	}
	w.err = errDone
	if err := syncDir(w.dir); err != nil {
		return err
	}
	// The new file counts; an old one that stays costs only space.
	for _, name := range old {
		if name != filepath.Base(w.f.Name()) {
			_ = os.Remove(filepath.Join(w.dir, name))
		}
	}
	return nil
}

var errDone = errors.New("the state file is finished already")

func (w *Writer) fail(err error) error {
	w.err = err
	return err
}

// Close gives up a file that was not committed and frees what the Writer holds.
func (w *Writer) Close() error {
	if w.f == nil {
		return nil
	}
	name := w.f.Name()
	err := w.f.Close()
	w.f = nil
	if w.zw != nil {
		_ = w.zw.Close()
	}
	if !errors.Is(w.err, errDone) {
		w.err = errDone
		if e := os.Remove(name); err == nil {
			err = e
		}
	}
	return err
}
