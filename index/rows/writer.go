package rows

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/ristretto/v2/z"
)

// batch is how many bytes are handed to Badger at once.
const batch = 512 << 10

// Writer writes rows in ascending order into a new Badger directory.
type Writer struct {
	path string
	db   *badger.DB
	sw   *badger.StreamWriter
	buf  *z.Buffer
	kv   pb.KV
	rows uint64
	open bool
}

// Create begins a directory in the empty folder path.
func Create(path string) (*Writer, error) {
	db, err := badger.Open(settings(path))
	if err != nil {
		return nil, err
	}
	w := &Writer{path: path, db: db, sw: db.NewStreamWriter(), buf: z.NewBuffer(batch+(64<<10), "fold"), open: true}
	w.kv.Version, w.kv.StreamId = 1, 1
	if err := w.sw.Prepare(); err != nil {
		w.Abandon()
		return nil, err
	}
	return w, nil
}

// Add writes one row, whose key must be greater than the one before. It keeps neither slice.
func (w *Writer) Add(key, value []byte) error {
	w.kv.Key, w.kv.Value = key, value
	badger.KVToBuffer(&w.kv, w.buf)
	w.rows++
	if w.buf.LenNoPadding() < batch {
		return nil
	}
	return w.flush()
}

func (w *Writer) flush() error {
	w.wait()
	err := w.sw.Write(w.buf)
	w.buf.Reset()
	return err
}

// patience is how long wait waits for a table to be finished.
const patience = 100 * time.Millisecond

// wait holds rows back while Badger has tables in memory that are not yet on
// disk: it allows sixteen, which a slow disk would fill. The row counts of the
// finished tables tell how many are waiting. As rows differ in size, what waits
// may all be in the one table that is still being filled; so the wait has an
// end even where nothing is finished.
func (w *Writer) wait() {
	end := time.Now().Add(patience)
	for before := uint64(0); ; {
		done, most := uint64(0), uint64(0)
		for _, t := range w.db.Tables() {
			done += uint64(t.KeyCount)
			most = max(most, uint64(t.KeyCount))
		}
		if done > before {
			before, end = done, time.Now().Add(patience)
		}
		if most == 0 && w.rows < TableSize/16 || w.rows-done < most*2 || time.Now().After(end) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// Close finishes the directory and removes from it what readers do not need.
func (w *Writer) Close() error {
	if !w.open {
		return nil
	}
	if w.rows > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if err := w.sw.Flush(); err != nil {
		return err
	}
	w.open = false
	w.release()
	if err := w.db.Close(); err != nil {
		return err
	}
	list, err := os.ReadDir(w.path)
	if err != nil {
		return err
	}
	for _, e := range list {
		if n := e.Name(); n == "DISCARD" || strings.HasSuffix(n, ".vlog") || strings.HasSuffix(n, ".mem") {
			if err := os.Remove(filepath.Join(w.path, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Abandon frees everything after a failure; after Close it does nothing.
func (w *Writer) Abandon() {
	if w.open {
		w.open = false
		w.sw.Cancel()
		w.release()
		_ = w.db.Close()
	}
}

func (w *Writer) release() { _ = w.buf.Release() }
