package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// data is a table's file in the archive. It is COPY text: a line a row, for
// line ends in values are written as \n, and a line \. at the end.
type data struct {
	table string
	path  string
	rows  atomic.Int64 // -1 until it was read to its end
}

// open opens the file for reading; reading to the end counts the rows.
func (d *data) open() (io.ReadCloser, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	return &counting{data: d, f: f, start: true}, nil
}

// count returns how many rows the file holds, and reads it where nobody did.
func (d *data) count() (int64, error) {
	if n := d.rows.Load(); n >= 0 {
		return n, nil
	}
	r, err := d.open()
	if err != nil {
		return 0, err
	}
	_, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{r}, make([]byte, 256<<10))
	return d.rows.Load(), errors.Join(err, r.Close())
}

type counting struct {
	*data
	f     *os.File
	lines int64
	tail  []byte // the last bytes, enough for the end mark
	start bool   // tail reaches to the file's beginning
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	c.lines += int64(bytes.Count(p[:n], []byte{'\n'}))
	c.keep(p[:n])
	if err == io.EOF {
		if err := c.end(); err != nil {
			return n, err
		}
	}
	return n, err
}

// tailSize is room for the end mark and the empty lines that pg_dump writes
// after it.
const tailSize = 16

func (c *counting) keep(p []byte) {
	if len(p) >= tailSize {
		c.start = c.start && len(p) == tailSize && len(c.tail) == 0
		c.tail = append(c.tail[:0], p[len(p)-tailSize:]...)
		return
	}
	c.tail = append(c.tail, p...)
	if over := len(c.tail) - tailSize; over > 0 {
		c.tail = append(c.tail[:0], c.tail[over:]...)
		c.start = false
	}
}

func (c *counting) end() error {
	body := bytes.TrimRight(c.tail, "\n")
	after := int64(len(c.tail) - len(body))
	whole := c.start && string(body) == `\.` || bytes.HasSuffix(body, []byte("\n\\."))
	if !whole || after == 0 {
		return fmt.Errorf("the dump of the table %s is cut off: its end mark is missing", c.table)
	}
	c.rows.Store(c.lines - after)
	return nil
}

func (c *counting) Close() error { return c.f.Close() }
