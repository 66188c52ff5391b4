package mssqltest

import (
	"strings"
)

// token is one of Transact-SQL.
type token struct {
	kind byte // 'w' word, 'n' [name], 's' 'string', '1' number or 0x…, 'p' other
	text string
}

// tokens splits a batch. A quote that is not closed makes a token of kind 'e'.
func tokens(in string) (out []token) {
	for i := 0; i < len(in); {
		c := in[i]
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
		case strings.HasPrefix(in[i:], "--"):
			for i < len(in) && in[i] != '\n' {
				i++
			}
		case c == '[' || c == '\'' || (c == 'N' && i+1 < len(in) && in[i+1] == '\''):
			if c == 'N' {
				i++
			}
			t, n := quoted(in[i:])
			out = append(out, t)
			i += n
		case letter(c) || c >= '0' && c <= '9':
			j := i
			for j < len(in) && (letter(in[j]) || in[j] >= '0' && in[j] <= '9') {
				j++
			}
			kind := byte('w')
			if c >= '0' && c <= '9' {
				kind = '1'
			}
			out = append(out, token{kind, in[i:j]})
			i = j
		default:
			out = append(out, token{'p', string(c)})
			i++
		}
	}
	return out
}

func letter(c byte) bool {
	return c == '_' || c == '@' || c == '#' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func quoted(in string) (token, int) {
	end, kind := in[0], byte('s')
	if end == '[' {
		end, kind = ']', 'n'
	}
	var b strings.Builder
	for i := 1; i < len(in); i++ {
		if in[i] != end {
			b.WriteByte(in[i])
			continue
		}
		if i+1 < len(in) && in[i+1] == end {
			b.WriteByte(end)
			i++
			continue
		}
		return token{kind, b.String()}, i + 1
	}
	return token{'e', in}, len(in)
}

// parser reads tokens, and keeps the first thing that was not as expected.
type parser struct {
	list []token
	err  error
}

func (p *parser) peek() token {
	if len(p.list) == 0 {
		return token{}
	}
	return p.list[0]
}

func (p *parser) take() token {
	t := p.peek()
	if len(p.list) > 0 {
		p.list = p.list[1:]
	}
	return t
}

// fail keeps an error as the server words it.
func (p *parser) fail(t token) {
	if p.err == nil {
		p.err = fault("Msg 102, Level 15, State 1, Server db1, Line 1\nIncorrect syntax near '%s'.", t.text)
	}
}

// is reads words and signs, one after the other, where all of them come.
func (p *parser) is(words string) bool {
	list := strings.Fields(words)
	if len(p.list) < len(list) {
		return false
	}
	for i, w := range list {
		if t := p.list[i]; t.text != w || t.kind != 'w' && t.kind != 'p' && t.kind != '1' {
			return false
		}
	}
	p.list = p.list[len(list):]
	return true
}

// want reads words that must come.
func (p *parser) want(words string) {
	if p.err == nil && !p.is(words) {
		p.fail(p.peek())
	}
}

func (p *parser) of(kind byte) string {
	t := p.take()
	if t.kind != kind {
		p.fail(t)
	}
	return t.text
}

func (p *parser) name() string   { return p.of('n') }
func (p *parser) str() string    { return p.of('s') }
func (p *parser) number() string { return p.of('1') }

// until reads to a word or sign outside of parentheses and returns what came
// before it, in one spelling.
func (p *parser) until(stops ...string) string {
	var out []string
	for depth := 0; len(p.list) > 0; {
		t := p.peek()
		for _, s := range stops {
			if depth == 0 && t.text == s && (t.kind == 'w' || t.kind == 'p') {
				return strings.Join(out, " ")
			}
		}
		switch t.text {
		case "(":
			depth++
		case ")":
			depth--
		}
		switch p.take(); t.kind {
		case 's':
			out = append(out, "'"+t.text+"'")
		case 'n':
			out = append(out, "["+t.text+"]")
		default:
			out = append(out, t.text)
		}
	}
	return strings.Join(out, " ")
}
