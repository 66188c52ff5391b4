package mysql

import (
	"bytes"
	"fmt"
	"strings"
)

// splitter reads a dump of tables as it comes and passes the statements of each
// table on to where its file is. A dump is a preamble of settings and then, for
// each table, DROP TABLE IF EXISTS, its definition and its rows. Only
// statements count, never lines: names and values may hold anything.
type splitter struct {
	// begin is called with a table's name where its part begins; what it
	// returns gets the part, after the preamble.
	begin func(name string) (writer, error)

	preamble []byte
	out      writer
	rows     int64 // of the present table
	done     func(rows int64)

	state   byte   // what we are in: 0, or ' " ` - /
	escaped bool   // the last byte in a string was a backslash
	last    byte   // the last byte outside, for -- and /* and */
	head    []byte // the statement so far, until it is known
	known   bool
	first   []byte // of the statement, as many as tell an INSERT
	drop    bool   // the present statement is put aside: the dump's end
	depth   int    // of brackets
	binlog  string
}

// writer is io.Writer, named so that files that get the parts are told apart.
type writer interface{ Write([]byte) (int, error) }

// enough is how long the beginning of a statement can be that tells what it is:
// a name has 64 characters of up to 4 bytes, each maybe doubled.
const enough = 1 << 10

// Write takes the next bytes of the dump.
func (s *splitter) Write(p []byte) (int, error) {
	from := 0
	for i := 0; i < len(p); i++ {
		if s.state == '\'' || s.state == '`' {
			if n := s.skip(p[i:]); n > 0 {
				i += n - 1
				continue
			}
		}
		if s.step(p[i]) { // the statement ends here
			if err := s.pass(p[from:i+1], true); err != nil {
				return 0, err
			}
			from = i + 1
		}
	}
	return len(p), s.pass(p[from:], false)
}

// skip returns how many bytes of a string or name hold nothing of interest.
func (s *splitter) skip(p []byte) int {
	if s.escaped {
		return 0
	}
	n := bytes.IndexByte(p, s.state)
	if n < 0 {
		n = len(p)
	}
	if s.state == '\'' {
		if b := bytes.IndexByte(p[:n], '\\'); b >= 0 {
			n = b
		}
	}
	return n
}

// step follows one byte and reports whether a statement ends with it.
func (s *splitter) step(c byte) bool {
	switch s.state {
	case '\'', '"':
		switch {
		case s.escaped:
			s.escaped = false
		case c == '\\':
			s.escaped = true
		case c == s.state:
			s.state = 0
		}
		return false
	case '`':
		if c == '`' {
			s.state = 0
		}
		return false
	case '-':
		if c == '\n' {
			s.state, s.last, s.first = 0, 0, s.first[:0]
		}
		return false
	case '/':
		if s.last == '*' && c == '/' {
			s.state, s.last = 0, 0
			return false
		}
		s.last = c
		return false
	}
	before := s.last
	s.last = c
	if len(s.first) < len(insert) && (len(s.first) > 0 || c > ' ') {
		if s.first = append(s.first, c); string(s.first) == "--" {
			s.state = '-'
		}
	}
	switch c {
	case '\'', '"', '`':
		s.state = c
	case '*':
		if before == '/' {
			s.state, s.last = '/', 0
		}
	case '(':
		if s.depth == 0 && string(s.first) == insert {
			s.rows++
		}
		s.depth++
	case ')':
		s.depth--
	case ';':
		s.depth, s.first = 0, s.first[:0]
		return true
	}
	return false
}

// pass passes bytes of one statement on, ended or not.
func (s *splitter) pass(p []byte, ended bool) error {
	if !s.known {
		s.head = append(s.head, p...)
		if !ended && len(s.head) < enough {
			return nil
		}
		if err := s.know(); err != nil {
			return err
		}
		p = s.head
	}
	if ended {
		defer func() { s.known, s.drop, s.head = false, false, s.head[:0] }()
	}
	switch {
	case s.drop:
		return nil
	case s.out == nil:
		if s.preamble = append(s.preamble, p...); ended {
			s.preamble = append(s.preamble, '\n')
		}
		return nil
	}
	_, err := s.out.Write(p)
	if err == nil && ended {
		_, err = s.out.Write([]byte{'\n'})
	}
	return err
}

const (
	insert    = "INSERT "
	dropTable = "DROP TABLE IF EXISTS `"
)

// know tells from its beginning what a statement is.
func (s *splitter) know() error {
	s.known = true
	text := bytes.TrimLeft(s.head, "\n ")
	for bytes.HasPrefix(text, []byte("--")) { // comments, the position in the binary log among them
		_, rest, _ := bytes.Cut(text, []byte("\n"))
		if s.out == nil {
			s.preamble = append(s.preamble, text[:len(text)-len(rest)]...)
		}
		text = bytes.TrimLeft(rest, "\n ")
	}
	s.head = append(s.head[:0], text...)
	text = s.head
	switch {
	case bytes.HasPrefix(text, []byte("/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */")):
		s.finish()
		s.out, s.drop = nil, true
	case bytes.HasPrefix(text, []byte(dropTable)):
		name, rest, ok := backquoted(string(text[len(dropTable)-1:]))
		if !ok || strings.TrimSpace(rest) != ";" {
			return fmt.Errorf("the dump holds a statement that is not known here: %.100q", text)
		}
		s.finish()
		out, err := s.begin(name)
		if err != nil {
			return err
		}
		s.out = out
		_, err = out.Write(s.settings())
		return err
	}
	return nil
}

// finish ends the present table.
func (s *splitter) finish() {
	if s.out != nil && s.done != nil {
		s.done(s.rows)
	}
	s.rows = 0
}

// settings is the preamble without its comments, which change every night.
func (s *splitter) settings() []byte {
	var out []byte
	for line := range bytes.Lines(s.preamble) {
		switch {
		case bytes.HasPrefix(line, []byte("-- CHANGE MASTER TO")), bytes.HasPrefix(line, []byte("-- SET GLOBAL gtid_slave_pos")):
			s.binlog = strings.TrimSpace(strings.TrimPrefix(string(line), "-- "))
		case bytes.HasPrefix(line, []byte("--")), len(bytes.TrimSpace(line)) == 0:
		default:
			out = append(out, line...)
		}
	}
	return out
}

// backquoted cuts a quoted name off a text.
func backquoted(text string) (name, rest string, ok bool) {
	if !strings.HasPrefix(text, "`") {
		return "", "", false
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '`':
		case i+1 < len(text) && text[i+1] == '`':
			i++
		default:
			return strings.ReplaceAll(text[1:i], "``", "`"), text[i+1:], true
		}
	}
	return "", "", false
}
