package flowable

import (
	"bytes"
	"fmt"
)

// longest is how much of a value is kept, in bytes. What is compared is shorter;
// the values of other columns are passed over.
const longest = 4096

// value is one value of a row.
type value struct {
	text string
	null bool
}

// copyReader reads COPY text as PostgreSQL writes it: a line a row, a tab
// between values, \N for NULL, a line \. at the end.
type copyReader struct {
	want []int // by column: where its value goes in the row, -1 for nowhere
	row  func([]value)

	values []value
	field  []byte
	column int
	first  bool // a byte of the line came already
	ended  bool
}

// newCopyReader reads rows of the columns, and calls row with the values of
// those that are wanted. The slice is used again for the next row.
func newCopyReader(columns, wanted []string, row func([]value)) (*copyReader, error) {
	c := &copyReader{want: make([]int, len(columns)), row: row, values: make([]value, len(wanted))}
	if err := choose(c.want, columns, wanted); err != nil {
		return nil, err
	}
	return c, nil
}

// choose finds out where the value of each column goes.
func choose(want []int, columns, wanted []string) error {
	found := 0
	for i, name := range columns {
		want[i] = -1
		for j, w := range wanted {
			if name == w {
				want[i] = j
				found++
			}
		}
	}
	if found != len(wanted) {
		return fmt.Errorf("it has the columns %q, and %q are needed", columns, wanted)
	}
	return nil
}

func (c *copyReader) take(p []byte) error {
	for len(p) > 0 && !c.ended {
		line, rest, whole := bytes.Cut(p, []byte{'\n'})
		if err := c.part(line); err != nil {
			return err
		}
		if whole {
			if err := c.end(); err != nil {
				return err
			}
		}
		p = rest
	}
	return nil
}

// part takes a part of a line.
func (c *copyReader) part(p []byte) error {
	c.first = c.first || len(p) > 0
	for {
		text, rest, more := bytes.Cut(p, []byte{'\t'})
		if c.column >= len(c.want) {
			return fmt.Errorf("a row has more values than the table has columns")
		}
		// What can't be an end mark and isn't wanted needs not be kept.
		if c.want[c.column] >= 0 || c.column == 0 {
			c.field = append(c.field, text[:min(len(text), longest-len(c.field))]...)
		}
		if !more {
			return nil
		}
		c.close()
		p = rest
	}
}

func (c *copyReader) close() {
	if at := c.want[c.column]; at >= 0 {
		c.values[at] = value{unescape(c.field), string(c.field) == `\N`}
	}
	c.field = c.field[:0]
	c.column++
}

// end ends a line.
func (c *copyReader) end() error {
	if c.column == 0 && string(c.field) == `\.` {
		c.ended = true
		return nil
	}
	if len(c.want) == 0 && !c.first {
		return nil
	}
	c.close()
	if c.column != len(c.want) {
		return fmt.Errorf("a row has %d values, and the table has %d columns", c.column, len(c.want))
	}
	c.row(c.values)
	c.column, c.first = 0, false
	return nil
}

// unescape undoes the escapes of COPY.
func unescape(p []byte) string {
	if bytes.IndexByte(p, '\\') < 0 {
		return string(p)
	}
	out := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '\\' && i+1 < len(p) {
			i++
			switch c = p[i]; c {
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'v':
				c = '\v'
			}
		}
		out = append(out, c)
	}
	return string(out)
}
