package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// showPath makes a name harmless and unambiguous on a terminal: control
// characters, bytes that are no UTF-8, invisible and direction-changing
// characters and the backslash itself are escaped as in C.
func showPath(p string) string { return escape(p, true) }

// showText is showPath for whole sentences, in which a backslash is kept.
func showText(s string) string { return escape(s, false) }

func escape(s string, backslash bool) string {
	if isPlain(s, backslash) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\\' && backslash:
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case shown(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// shown reports whether a terminal shows the character as itself.
func shown(r rune) bool { return r == ' ' || unicode.IsPrint(r) }

func isPlain(s string, backslash bool) bool {
	for _, r := range s {
		if r == utf8.RuneError || !shown(r) || backslash && r == '\\' {
			return false
		}
	}
	return true
}
