package postgres

import "strings"

// statements splits a script as pg_dumpall writes them into its statements,
// without comments and psql's own commands. Semicolons in strings and quoted
// names don't end a statement.
func statements(script string) []string {
	var out []string
	var b strings.Builder
	for i := 0; i < len(script); {
		rest := script[i:]
		n := 1
		switch {
		case strings.HasPrefix(rest, "--"), script[i] == '\\' && strings.TrimSpace(b.String()) == "":
			if n = strings.IndexByte(rest, '\n'); n < 0 {
				n = len(rest)
			}
			i += n
			continue
		case rest[0] == '"', rest[0] == '\'':
			escapes := rest[0] == '\'' && strings.HasSuffix(strings.ToUpper(b.String()), "E") && !wordBefore(b.String())
			n = quoted(rest, escapes)
		case rest[0] == ';':
			if s := strings.TrimSpace(b.String()); s != "" {
				out = append(out, s)
			}
			b.Reset()
			i++
			continue
		}
		b.WriteString(rest[:n])
		i += n
	}
	if s := strings.TrimSpace(b.String()); s != "" {
		out = append(out, s)
	}
	return out
}

// wordBefore tells whether the last letter of s is the end of a longer word.
func wordBefore(s string) bool {
	if len(s) < 2 {
		return false
	}
	c := s[len(s)-2]
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

// quoted returns the length of the string or quoted name that s begins with.
func quoted(s string, escapes bool) int {
	q := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] != q:
		case i+1 < len(s) && s[i+1] == q:
			i++
		default:
			return i + 1
		}
	}
	return len(s)
}

// words cuts the first n words off a statement; a quoted name is one word and
// is returned without its quotes.
func words(s string, n int) []string {
	var out []string
	for s = strings.TrimSpace(s); s != "" && len(out) < n; s = strings.TrimSpace(s) {
		if s[0] == '"' {
			l := quoted(s, false)
			out = append(out, strings.ReplaceAll(strings.TrimSuffix(s[1:l], `"`), `""`, `"`))
			s = s[l:]
			continue
		}
		l := strings.IndexAny(s, " \t\n\",;")
		if l < 0 {
			l = len(s)
		}
		if l == 0 {
			l = 1
		}
		out = append(out, s[:l])
		s = s[l:]
	}
	return out
}
