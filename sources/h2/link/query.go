package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Cell is one value of a row, as text.
type Cell struct {
	Text string
	Null bool
}

// longest bounds a text that comes from the program, so that a broken stream
// can't ask for all memory.
const longest = 1 << 30

// Query runs a statement and calls row for each row of its result. What row
// gets is its own. A row that fails ends the connection.
func (c *Conn) Query(sql string, row func([]Cell) error) error {
	_ = c.request('Q', sql)
	if err := c.w.Flush(); err != nil {
		return c.broken(err)
	}
	_, err := c.answer(row)
	return err
}

// Exec runs a statement whose result nobody needs and returns the rows it
// changed.
func (c *Conn) Exec(sql string) (int64, error) {
	_ = c.request('Q', sql)
	if err := c.w.Flush(); err != nil {
		return 0, c.broken(err)
	}
	return c.answer(nil)
}

// One returns the first column of the only row of a result.
func (c *Conn) One(sql string) (string, error) {
	var out []string
	err := c.Query(sql, func(r []Cell) error {
		out = append(out, r[0].Text)
		return nil
	})
	if err == nil && len(out) != 1 {
		err = fmt.Errorf("%d rows instead of one came for %s", len(out), sql)
	}
	if err != nil {
		return "", err
	}
	return out[0], nil
}

// ScriptError says which statement of a script was refused.
type ScriptError struct {
	Index int // counted from 0
	Err   error
}

func (e *ScriptError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ScriptError) Unwrap() error { return e.Err }

// Script runs statements one after the other, without waiting for each, until
// one fails: then the error is a *ScriptError and the connection has ended, and
// what was not committed is rolled back. It returns how many ran.
func (c *Conn) Script(statements iter.Seq2[string, error]) (int, error) {
	type end struct {
		n   int
		err error
	}
	sent := make(chan struct{}, 4096) // one for each statement under way
	done := make(chan end, 1)
	go func() {
		n := 0
		for range sent {
			if _, err := c.answer(nil); err != nil {
				c.cancel(err)
				for range sent {
				}
				done <- end{n, &ScriptError{n, err}}
				return
			}
			n++
		}
		done <- end{n, nil}
	}()
	var failed error
	for s, err := range statements {
		if err != nil {
			failed = err
			break
		}
		if c.request('X', s) != nil {
			break // the program is gone; its last answer says why
		}
		if len(sent) == cap(sent) {
			// The program answers in blocks; it must have something to answer.
			if c.w.Flush() != nil {
				break
			}
		}
		sent <- struct{}{}
	}
	flushed := c.w.Flush()
	close(sent)
	e := <-done
	if e.err == nil {
		e.err = errors.Join(failed, flushed)
	}
	return e.n, e.err
}

// request writes a request; a writer that failed says so again in Flush.
func (c *Conn) request(kind byte, sql string) error {
	_ = c.w.WriteByte(kind)
	return c.text(sql)
}

func (c *Conn) text(s string) error {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(s)))
	_, _ = c.w.Write(n[:])
	_, err := c.w.WriteString(s)
	return err
}

func (c *Conn) answer(row func([]Cell) error) (int64, error) {
	for {
		kind, err := c.r.ReadByte()
		if err != nil {
			return 0, c.broken(err)
		}
		switch kind {
		case 'F':
			return 0, c.failure()
		case 'D':
			var n [8]byte
			if _, err := io.ReadFull(c.r, n[:]); err != nil {
				return 0, c.broken(err)
			}
			return int64(binary.BigEndian.Uint64(n[:])), nil
		case 'R':
			cells, err := c.row()
			if err != nil {
				return 0, c.broken(err)
			}
			if row == nil {
				continue
			}
			if err := row(cells); err != nil {
				c.cancel(err)
				return 0, err
			}
		default:
			return 0, c.broken(fmt.Errorf("an answer of the kind %q", kind))
		}
	}
}

func (c *Conn) row() ([]Cell, error) {
	n, err := c.number()
	if err != nil || n < 0 || n > 1<<16 {
		return nil, errors.Join(err, fmt.Errorf("a row of %d columns", n))
	}
	cells := make([]Cell, n)
	for i := range cells {
		if cells[i], err = c.cell(); err != nil {
			return nil, err
		}
	}
	return cells, nil
}

func (c *Conn) cell() (Cell, error) {
	n, err := c.number()
	if err != nil || n < 0 {
		return Cell{Null: true}, err
	}
	if n > longest {
		return Cell{}, fmt.Errorf("a value of %d bytes", n)
	}
	p := make([]byte, n)
	_, err = io.ReadFull(c.r, p)
	return Cell{Text: string(p)}, err
}

func (c *Conn) number() (int32, error) {
	var n [4]byte
	_, err := io.ReadFull(c.r, n[:])
	return int32(binary.BigEndian.Uint32(n[:])), err
}

// failure reads why the database refused.
func (c *Conn) failure() error {
	code, err := c.number()
	if err != nil {
		return c.broken(err)
	}
	state, err := c.cell()
	if err != nil {
		return c.broken(err)
	}
	message, err := c.cell()
	if err != nil {
		return c.broken(err)
	}
	return &Error{int(code), state.Text, c.mask.Clean(message.Text)}
}
