package h2

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape turns the escapes of a U&"…" name into what they mean: \XXXX is a
// unit of UTF-16, \+XXXXXX a code point, \\ a backslash. What is no escape
// stays.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var units []uint16
	for i := 0; i < len(s); {
		if s[i] == '\\' {
			if i+1 < len(s) && s[i+1] == '\\' {
				units = append(units, '\\')
				i += 2
				continue
			}
			from, digits := i+1, 4
			if from < len(s) && s[from] == '+' {
				from, digits = from+1, 6
			}
			if from+digits <= len(s) {
				if v, err := strconv.ParseUint(s[from:from+digits], 16, 32); err == nil && v <= 0x10FFFF {
					if digits == 4 {
						units = append(units, uint16(v))
					} else {
						units = utf16.AppendRune(units, rune(v))
					}
					i = from + digits
					continue
				}
			}
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		units = utf16.AppendRune(units, r)
		i += n
	}
	return string(utf16.Decode(units))
}
