package flowable

import "bytes"

// The kinds of tokens of a script, beside single characters.
const (
	word   = 'w'
	quoted = 'i' // a name
	text   = 't'
)

// lexer cuts a script into tokens as its bytes come. A token that is longer
// than longest is cut off: nothing that is compared is.
type lexer struct {
	backslash bool // they escape in strings, and $ is a letter, as in MySQL
	token     func(kind byte, s []byte)

	mode    byte // 0, word, or the quote that it is in; see the cases of step
	tok     []byte
	escaped bool
	escapes bool   // in the present string
	tag     []byte // of a dollar quote: $tag$
	match   int    // how much of the tag was seen
}

const (
	minus   = '-'  // one was seen
	slash   = '/'  // one was seen
	line    = '#'  // in a comment to the end of the line
	block   = '*'  // in a comment
	star    = '+'  // in a comment, after a star
	opening = '$'  // a dollar was seen
	dollars = '%'  // in a dollar quote
	closing = 0x80 // with a quote: it was seen within itself
)

func (l *lexer) take(p []byte) {
	for len(p) > 0 {
		if n := l.run(p); n > 0 {
			p = p[n:]
			continue
		}
		for !l.step(p[0]) {
		}
		p = p[1:]
	}
}

// run takes at once what only goes on with the present token, for values are
// long. It returns how many bytes these are.
func (l *lexer) run(p []byte) (n int) {
	switch l.mode {
	case word:
		for n < len(p) && letter(p[n]) {
			n++
		}
	case '\'', '"', '`':
		if l.escaped {
			return 0
		}
		if n = bytes.IndexByte(p, l.mode); n < 0 {
			n = len(p)
		}
		if l.escapes {
			if i := bytes.IndexByte(p[:n], '\\'); i >= 0 {
				n = i
			}
		}
	default:
		return 0
	}
	l.tok = append(l.tok, p[:min(n, longest-len(l.tok))]...)
	return n
}

// step takes a byte. It returns false where the byte has ended something, and
// is to be taken again.
func (l *lexer) step(c byte) bool {
	switch l.mode {
	case 0:
		l.begin(c)
	case word:
		return l.word(c)
	case '\'', '"', '`':
		l.quote(c)
	case '\'' | closing, '"' | closing, '`' | closing:
		return l.close(c)
	case minus, slash:
		return l.comment(c)
	case line:
		if c == '\n' {
			l.mode = 0
		}
	case block, star:
		switch {
		case c == '*':
			l.mode = star
		case c == '/' && l.mode == star:
			l.mode = 0
		default:
			l.mode = block
		}
	case opening:
		return l.open(c)
	case dollars:
		l.body(c)
	}
	return true
}

func letter(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

func (l *lexer) begin(c byte) {
	switch {
	case letter(c) || c == '$' && l.backslash:
		l.mode, l.tok = word, append(l.tok[:0], c)
	case c == '\'' || c == '"' || c == '`':
		l.mode, l.tok, l.escapes = c, l.tok[:0], l.backslash && c == '\''
	case c == '-':
		l.mode = minus
	case c == '/':
		l.mode = slash
	case c == '$':
		l.mode, l.tag = opening, append(l.tag[:0], c)
	case c > ' ':
		l.token(c, nil)
	}
}

func (l *lexer) word(c byte) bool {
	switch {
	case letter(c) || c == '$':
		l.add(c)
		return true
	case c == '\'' && len(l.tok) == 1 && l.tok[0]|0x20 == 'e':
		l.mode, l.tok, l.escapes = c, l.tok[:0], true
		return true
	}
	l.mode = 0
	l.token(word, l.tok)
	return false
}

func (l *lexer) add(c byte) {
	if len(l.tok) < longest {
		l.tok = append(l.tok, c)
	}
}

func (l *lexer) quote(c byte) {
	switch {
	case l.escaped:
		l.escaped = false
		switch c {
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case '0':
			c = 0
		}
		l.add(c)
	case c == '\\' && l.escapes:
		l.escaped = true
	case c == l.mode:
		l.mode |= closing
	default:
		l.add(c)
	}
}

// close decides whether a quote was the last or a doubled one.
func (l *lexer) close(c byte) bool {
	q := l.mode &^ closing
	if c == q {
		l.mode = q
		l.add(c)
		return true
	}
	l.mode = 0
	if q == '\'' {
		l.token(text, l.tok)
	} else {
		l.token(quoted, l.tok)
	}
	return false
}

func (l *lexer) comment(c byte) bool {
	was := l.mode
	switch {
	case was == minus && c == '-':
		l.mode = line
		return true
	case was == slash && c == '*':
		l.mode = block
		return true
	}
	l.mode = 0
	l.token(was, nil)
	return false
}

// open reads the tag of a dollar quote.
func (l *lexer) open(c byte) bool {
	switch {
	case c == '$':
		l.tag = append(l.tag, c)
		l.mode, l.match = dollars, 0
		return true
	case letter(c) && len(l.tag) < longest:
		l.tag = append(l.tag, c)
		return true
	}
	l.mode = 0
	return false
}

func (l *lexer) body(c byte) {
	switch {
	case c == l.tag[l.match]:
		l.match++
	case c == '$':
		l.match = 1
	default:
		l.match = 0
	}
	if l.match == len(l.tag) {
		l.mode = 0
		l.token(text, nil)
	}
}
