package opensearch

import (
	"fmt"
	"io"
	"os"
)

// blob is an open file of a repository that must have the size it was listed
// with.
type blob struct {
	f    *os.File
	want int64
	read int64
}

var _ io.ReadCloser = (*blob)(nil)

// openBlob opens a blob. One that is not there must not pass for a file that
// its owner has deleted, which a backup may leave out: the snapshot needs it.
// So the cause is told in words only.
func openBlob(name string, size int64) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("a file that the snapshot needs can't be read: %v", err)
	}
	return &blob{f: f, want: size}, nil
}

func (b *blob) Read(p []byte) (int, error) {
	n, err := b.f.Read(p)
	b.read += int64(n)
	if b.read > b.want || err == io.EOF && b.read != b.want {
		return n, fmt.Errorf("%s had %d bytes and has another size now, though no server changes such a file", b.f.Name(), b.want)
	}
	return n, err
}

func (b *blob) Close() error { return b.f.Close() }
