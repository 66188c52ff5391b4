package tree

import (
	"strings"
	"unicode/utf8"
)

// escapeMark begins an escaped byte. No file system makes names with it, so
// nearly every name that is UTF-8 stays as it is.
const escapeMark = utf8.RuneError

// Escape makes valid UTF-8 of a name: each byte that is not part of a valid
// character becomes U+FFFD and two lower-case hexadecimal digits, and so do
// the three bytes of a U+FFFD that stands in the name. Different names stay
// different, and Unescape gives the name back.
func Escape(name string) string {
	if utf8.ValidString(name) && !strings.ContainsRune(name, escapeMark) {
		return name
	}
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(name); {
		c, n := utf8.DecodeRuneInString(name[i:])
		if c != escapeMark {
			b.WriteString(name[i : i+n])
			i += n
			continue
		}
		for ; n > 0; n-- {
			b.WriteRune(escapeMark)
			b.WriteByte(digits[name[i]>>4])
			b.WriteByte(digits[name[i]&15])
			i++
		}
	}
	return b.String()
}

// Unescape reverses Escape; ok is false for what Escape never gives.
func Unescape(s string) (name string, ok bool) {
	mark := string(escapeMark)
	if !strings.Contains(s, mark) {
		return s, utf8.ValidString(s)
	}
	parts := strings.Split(s, mark)
	var b strings.Builder
	b.WriteString(parts[0])
	for _, part := range parts[1:] {
		if len(part) < 2 {
			return "", false
		}
		hi, lo := strings.IndexByte("0123456789abcdef", part[0]), strings.IndexByte("0123456789abcdef", part[1])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b.WriteByte(byte(hi<<4 | lo))
		b.WriteString(part[2:])
	}
	return b.String(), Escape(b.String()) == s
}
