package h2

import "strings"

// kind is what a statement of a script does, as far as one table is concerned.
type kind int

const (
	other      kind = iota
	create          // of a table
	insert          // of rows
	lobs            // what large values need while a script runs
	constraint      // ALTER TABLE … ADD CONSTRAINT, but for foreign keys
	foreign         // a foreign key
	index
	sequence // one that belongs to a table, of 1.4
)

// about tells what a statement does, and to which table.
func about(stmt string) (k kind, schema, table string) {
	w := words{rest: stmt}
	switch first := w.next(); first {
	case "INSERT":
		w.next() // INTO
		k = insert
	case "ALTER":
		if w.next() != "TABLE" {
			return other, "", ""
		}
		schema, table = w.name()
		if table == "SYSTEM_LOB_STREAM" {
			return lobs, "", ""
		}
		return altered(w), schema, table
	case "CREATE":
		switch k = created(&w); k {
		case create:
		case index:
			return index, w.schema, w.table
		default:
			return k, "", ""
		}
	case "DROP":
		if w.next() == "TABLE" || strings.Contains(stmt, "SYSTEM_COMBINE_") {
			return lobs, "", ""
		}
		return other, "", ""
	case "CALL":
		return lobs, "", ""
	default:
		return other, "", ""
	}
	schema, table = w.name()
	if strings.EqualFold(table, "SYSTEM_LOB_STREAM") && (schema == "" || k == create) {
		return lobs, "", ""
	}
	return k, schema, table
}

// altered tells what an ALTER TABLE does, after the table's name.
func altered(w words) kind {
	if w.next() != "ADD" || w.next() != "CONSTRAINT" {
		return other
	}
	w.name()
	for {
		switch word := w.next(); word {
		case "FOREIGN":
			return foreign
		case "PRIMARY", "UNIQUE", "CHECK":
			return constraint
		case "":
			return other
		}
	}
}

// created tells what a CREATE makes.
func created(w *words) kind {
	for {
		switch word := w.next(); word {
		case "CACHED", "MEMORY", "LOCAL", "GLOBAL", "TEMPORARY", "UNIQUE", "SPATIAL", "NULLS", "DISTINCT", "NOT":
		case "TABLE":
			w.skip("IF", "NOT", "EXISTS")
			return create
		case "ALIAS":
			if strings.Contains(w.rest, "SYSTEM_COMBINE_") {
				return lobs
			}
			return other
		case "INDEX", "PRIMARY", "HASH":
			if word != "INDEX" {
				w.skip("KEY")
			}
			if strings.HasPrefix(strings.TrimSpace(w.rest), "SYSTEM_LOB_STREAM") {
				return lobs
			}
			w.skip("IF", "NOT", "EXISTS")
			w.name()
			if w.next() != "ON" {
				return other
			}
			w.schema, w.table = w.name()
			return index
		case "SEQUENCE":
			if strings.HasSuffix(w.rest, "BELONGS_TO_TABLE") {
				return sequence
			}
			return other
		default:
			return other
		}
	}
}

// words reads a statement word by word.
type words struct {
	rest          string
	schema, table string // of an index
}

// next returns the next word in capitals, a quoted name with its quotes, or a
// single character of any other kind; "" at the end.
func (w *words) next() string {
	w.rest = strings.TrimLeft(w.rest, " \t\r\n")
	if w.rest == "" {
		return ""
	}
	n := 1
	switch {
	case w.rest[0] == '"' || w.rest[0] == '\'':
		n = closing(w.rest)
	case letter(w.rest[0]):
		for n < len(w.rest) && letter(w.rest[n]) {
			n++
		}
	}
	word := w.rest[:n]
	w.rest = w.rest[n:]
	if letter(word[0]) {
		return strings.ToUpper(word)
	}
	return word
}

func letter(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

// closing returns the length of the quoted text that s begins with.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

// skip reads words where they come.
func (w *words) skip(list ...string) {
	for _, s := range list {
		before := *w
		if w.next() != s {
			*w = before
			return
		}
	}
}

// name reads a name of up to two parts: schema and what is in it.
func (w *words) name() (schema, name string) {
	name = unquote(w.part())
	if strings.HasPrefix(w.rest, ".") {
		w.rest = w.rest[1:]
		schema, name = name, unquote(w.part())
	}
	return schema, name
}

// part reads one part of a name; U&"…" is a quoted name with escapes.
func (w *words) part() string {
	word := w.next()
	if word == "U" && strings.HasPrefix(w.rest, `&"`) {
		w.rest = w.rest[1:]
		return unescape(w.next())
	}
	return word
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}
