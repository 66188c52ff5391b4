package chunk

import "io"

// fixed cuts every len(buf) bytes.
type fixed struct {
	r   io.Reader
	buf []byte
}

var _ reusable = (*fixed)(nil)

func (f *fixed) begin(r io.Reader) { f.r = r }

func (f *fixed) Next() ([]byte, error) {
	n, err := io.ReadFull(f.r, f.buf)
	if err == io.ErrUnexpectedEOF {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return f.buf[:n], nil
}
