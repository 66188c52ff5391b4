// Package tables holds what the parts made of SQL databases share: names of
// tables as names of files, and the look-ups that tell which version of its
// schema an engine's database has.
//
// Nouns:
//
//   - A Table is a table as the database names it.
//   - A Lookup says in which tables a version stands, and in which columns.
//   - A Query is a Lookup applied to a table that exists.
//
// Promise: two tables never get one file name, whatever their names hold, and
// a table keeps its file name as long as it keeps its own.
package tables

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Table is a table, with its columns in their order where they are known.
type Table struct {
	Schema  string // "" where the database has no schemas
	Name    string
	Columns []string
}

// longest is the greatest length of a name in bytes. File systems allow 255,
// and endings are added.
const longest = 200

// FileName joins names by a dot. What could not stand in a file name, or would
// make the joint ambiguous, is written as % and two hexadecimal digits. A name
// that gets too long is cut, and a hash tells it from others.
func FileName(parts ...string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('.')
		}
		for j := range len(p) {
			if c := p[j]; c < ' ' || c == 0x7f || strings.IndexByte("./%~", c) >= 0 {
				fmt.Fprintf(&b, "%%%02X", c)
			} else {
				b.WriteByte(c)
			}
		}
	}
	name := b.String()
	if len(name) <= longest {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return strings.ToValidUTF8(name[:longest-17], "") + fmt.Sprintf("~%x", sum[:8])
}
