package index

import (
	"bufio"
	"errors"
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

// rowWriter writes rows in ascending order into a new Badger directory.
type rowWriter struct {
	path string
	db   *badger.DB
	sw   *badger.StreamWriter
	buf  *z.Buffer
	kv   pb.KV
	rows uint64
	open bool
}

func createRows(path string) (*rowWriter, error) {
	db, err := badger.Open(badgerOptions(path))
	if err != nil {
		return nil, err
	}
	w := &rowWriter{path: path, db: db, sw: db.NewStreamWriter(), buf: z.NewBuffer(batch+(64<<10), "fold"), open: true}
	w.kv.Version, w.kv.StreamId = 1, 1
	if err := w.sw.Prepare(); err != nil {
		w.abandon()
		return nil, err
	}
	return w, nil
}

// add writes one row. It keeps neither slice.
func (w *rowWriter) add(key, value []byte) error {
	w.kv.Key, w.kv.Value = key, value
	badger.KVToBuffer(&w.kv, w.buf)
	w.rows++
	if w.buf.LenNoPadding() < batch {
		return nil
	}
	return w.flush()
}

func (w *rowWriter) flush() error {
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
func (w *rowWriter) wait() {
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
		if most == 0 && w.rows < tableSize/16 || w.rows-done < most*2 || time.Now().After(end) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// close finishes the directory and removes from it what readers do not need.
func (w *rowWriter) close() error {
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

// abandon frees everything after a failure; after close it does nothing.
func (w *rowWriter) abandon() {
	if w.open {
		w.open = false
		w.sw.Cancel()
		w.release()
		_ = w.db.Close()
	}
}

func (w *rowWriter) release() { _ = w.buf.Release() }

// listingWriter writes the file of listings.
type listingWriter struct {
	f   *os.File
	w   *bufio.Writer
	n   uint32
	buf []byte
}

func createListings(path string) (*listingWriter, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &listingWriter{f: f, w: bufio.NewWriter(f)}, nil
}

func (w *listingWriter) add(l *listing) error {
	if w.n == dead {
		return errors.New("too many packs for one index")
	}
	w.n++
	w.buf = appendListing(w.buf[:0], l)
	_, err := w.w.Write(w.buf)
	return err
}

func (w *listingWriter) close() error {
	err := w.w.Flush()
	if e := w.f.Close(); err == nil {
		err = e
	}
	return err
}

func (w *listingWriter) abandon() { w.f.Close() }
