package h2

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
)

// longestStatement bounds one statement of a script, in bytes. H2 itself cuts
// rows into statements of some KiB; one value may be long.
const longestStatement = 512 << 20

// statements yields the statements of a script as H2 writes it, without the
// semicolons. It knows what can hold a semicolon that ends nothing: strings,
// quoted names, dollar quotes, comments. An error ends the sequence.
func statements(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s := splitter{r: bufio.NewReaderSize(r, 1<<16)}
		for {
			text, err := s.next()
			if t := strings.TrimSpace(text); t != "" && (err == nil || err == io.EOF) {
				if !yield(t, nil) {
					return
				}
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield("", err)
				return
			}
		}
	}
}

type splitter struct {
	r *bufio.Reader
	b strings.Builder
}

// next returns the next statement, with io.EOF where the script ends after it.
func (s *splitter) next() (string, error) {
	s.b.Reset()
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return s.b.String(), err
		}
		switch {
		case c == ';':
			return s.b.String(), nil
		case c == '\'' || c == '"':
			err = s.quoted(c)
		case c == '-' && s.follows('-'):
			err = s.comment("\n")
		case c == '/' && s.follows('*'):
			_, _ = s.r.Discard(1)
			err = s.comment("*/")
		case c == '$' && s.follows('$') && !s.inName():
			err = s.dollars()
		default:
			s.b.WriteByte(c)
		}
		if err != nil {
			return "", err
		}
		if s.b.Len() > longestStatement {
			return "", fmt.Errorf("a statement of the script is longer than %d MiB", longestStatement>>20)
		}
	}
}

func (s *splitter) follows(c byte) bool {
	p, err := s.r.Peek(1)
	return err == nil && p[0] == c
}

// inName tells whether what was read last belongs to a name, in which a dollar
// sign is a letter.
func (s *splitter) inName() bool {
	t := s.b.String()
	if t == "" {
		return false
	}
	c := t[len(t)-1]
	return c == '$' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

// quoted reads to the closing quote. A doubled quote is a closing one and an
// opening one to it, which comes to the same.
func (s *splitter) quoted(q byte) error {
	s.b.WriteByte(q)
	for {
		part, err := s.r.ReadSlice(q)
		s.b.Write(part)
		if err == bufio.ErrBufferFull && s.b.Len() <= longestStatement {
			continue
		}
		return unclosed(err, "a quote")
	}
}

// dollars reads $$ text $$.
func (s *splitter) dollars() error {
	_, _ = s.r.Discard(1)
	s.b.WriteString("$$")
	for last := byte(0); s.b.Len() <= longestStatement; {
		c, err := s.r.ReadByte()
		if err != nil {
			return unclosed(err, "$$")
		}
		s.b.WriteByte(c)
		if c == '$' && last == '$' {
			return nil
		}
		last = c
	}
	return nil // its length is refused by the caller
}

// comment skips to the end of a comment. Those of H2 hold no facts, and one
// before a statement would hide what it is.
func (s *splitter) comment(end string) error {
	for at := 0; at < len(end); {
		c, err := s.r.ReadByte()
		if err == io.EOF && end == "\n" {
			return nil
		}
		if err != nil {
			return unclosed(err, "a comment")
		}
		switch {
		case c == end[at]:
			at++
		case c == end[0]:
			at = 1
		default:
			at = 0
		}
	}
	s.b.WriteByte(' ')
	return nil
}

func unclosed(err error, what string) error {
	if err == io.EOF {
		return fmt.Errorf("the script ends within %s: it is not whole: %w", what, io.ErrUnexpectedEOF)
	}
	return err
}
