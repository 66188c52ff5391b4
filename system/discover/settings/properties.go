package settings

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Properties reads Java properties: comments, continued lines, escapes, and
// '=', ':' or a space between key and value. Bytes that are no UTF-8 are taken
// as ISO 8859-1, as Java did for long. A line "#---" or "!---" begins a new
// document, as in Spring; the documents come one after the other.
func Properties(data []byte, file string) ([][]Setting, error) {
	if !utf8.Valid(data) {
		data = latin(data)
	}
	docs := [][]Setting{nil}
	count, line := 0, 0
	for len(data) > 0 {
		first := line + 1
		text, used := logicalLine(data)
		line += bytes.Count(data[:used], []byte("\n"))
		data = data[used:]
		if mark := strings.TrimRight(text, " \t"); mark == "#---" || mark == "!---" {
			docs = append(docs, nil)
			continue
		}
		if text == "" || text[0] == '#' || text[0] == '!' {
			continue
		}
		if count++; count > mostSettings {
			return docs, &TooManyError{file}
		}
		key, value := cutProperty(text)
		docs[len(docs)-1] = append(docs[len(docs)-1], Setting{unescape(key), unescape(value), Origin{File, file, first}})
	}
	return docs, nil
}

func latin(data []byte) []byte {
	out := make([]byte, 0, len(data)+len(data)/8)
	for _, c := range data {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

// logicalLine returns the next line with those that continue it, without the
// space before each, and how many bytes that took. Comments aren't continued.
func logicalLine(data []byte) (string, int) {
	var b strings.Builder
	used := 0
	for {
		part, rest, ended := bytes.Cut(data[used:], []byte("\n"))
		used = len(data) - len(rest)
		part = bytes.TrimLeft(bytes.TrimRight(part, "\r"), " \t\f")
		if b.Len() == 0 && len(part) > 0 && (part[0] == '#' || part[0] == '!') {
			return string(part), used
		}
		if !ended || !continued(part) {
			b.Write(part)
			return b.String(), used
		}
		b.Write(part[:len(part)-1])
	}
}

// continued reports whether the line ends with an odd number of backslashes.
func continued(line []byte) bool {
	n := len(line) - len(bytes.TrimRight(line, `\`))
	return n%2 == 1
}

func cutProperty(text string) (key, value string) {
	end := len(text)
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' {
			i++
			continue
		}
		if strings.IndexByte("=: \t\f", text[i]) >= 0 {
			end = i
			break
		}
	}
	value = strings.TrimLeft(text[end:], " \t\f")
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], " \t\f")
	}
	return text[:end], value
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			if i+4 < len(s) {
				if n, err := strconv.ParseUint(s[i+1:i+5], 16, 16); err == nil {
					b.WriteRune(rune(n))
					i += 4
					continue
				}
			}
			b.WriteByte('u')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
