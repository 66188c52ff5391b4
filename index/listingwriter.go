package index

import (
	"bufio"
	"errors"
	"os"
)

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
