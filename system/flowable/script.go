package flowable

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scriptReader reads tables and rows out of a script of SQL, as H2, MySQL's and
// MariaDB's dump programs and pg_restore write them.
type scriptReader struct {
	lexer
	// wanted returns the columns of a table that are wanted, nil where the
	// table is of no interest.
	wanted func(table string) []string
	// table is told of the columns of a table of interest; names are in lower
	// case, but for the schema's.
	table func(schema, table string, columns []string)
	// row is told of a row, with the values of the columns that are wanted. The
	// slice is used again for the next row.
	row func(schema, table string, values []value)

	state  state
	depth  int
	names  []string // of the present table, with its schema
	dotted bool     // a name's next part comes
	fresh  bool     // a column's definition begins
	cols   []string
	known  map[string][]string // columns by table
	want   []int
	values []value
	column int
	now    value
	isText bool
	prefix bool // U& was seen
	err    error
}

type state byte

const (
	atStart state = iota
	skipping
	creating   // CREATE was seen
	naming     // CREATE TABLE was seen
	defining   // in the list of columns
	inserting  // INSERT was seen
	into       // INSERT INTO was seen
	columnList // in the list of columns of an INSERT
	expecting  // that list was seen
	rows       // VALUES was seen
)

func newScriptReader(backslash bool, wanted func(string) []string) *scriptReader {
	s := &scriptReader{wanted: wanted, known: map[string][]string{}}
	s.lexer = lexer{backslash: backslash, token: s.next}
	s.table = func(string, string, []string) {}
	s.row = func(string, string, []value) {}
	return s
}

func (s *scriptReader) take(p []byte) error {
	s.lexer.take(p)
	return s.err
}

// next takes a token.
func (s *scriptReader) next(kind byte, b []byte) {
	if kind == ';' {
		s.state, s.depth = atStart, 0
		return
	}
	switch s.state {
	case atStart:
		s.first(kind, b)
	case creating:
		s.creates(kind, b)
	case inserting:
		s.names, s.dotted = s.names[:0], true
		s.become(is(kind, b, "INTO"), into)
	case naming:
		if kind == '(' && len(s.names) > 0 {
			s.state, s.depth, s.fresh, s.cols = defining, 1, true, nil
		} else {
			s.name(kind, b)
		}
	case defining:
		s.define(kind, b)
	case into:
		s.insert(kind, b)
	case columnList:
		switch kind {
		case word, quoted:
			s.cols = append(s.cols, strings.ToLower(string(b)))
		case ')':
			s.state = expecting
		}
	case expecting:
		if is(kind, b, "VALUES") {
			s.begin(s.cols)
		}
	case rows:
		s.data(kind, b)
	}
}

func is(kind byte, b []byte, keyword string) bool {
	return kind == word && strings.EqualFold(string(b), keyword)
}

func (s *scriptReader) become(yes bool, next state) {
	if s.state = skipping; yes {
		s.state = next
	}
}

func (s *scriptReader) first(kind byte, b []byte) {
	switch {
	case is(kind, b, "CREATE"):
		s.state = creating
	case is(kind, b, "INSERT"):
		s.state = inserting
	default:
		s.state = skipping
	}
}

func (s *scriptReader) creates(kind byte, b []byte) {
	for _, k := range []string{"CACHED", "MEMORY", "UNLOGGED"} {
		if is(kind, b, k) {
			return
		}
	}
	s.names, s.dotted = s.names[:0], true
	s.become(is(kind, b, "TABLE"), naming)
}

// name takes a part of a table's name.
func (s *scriptReader) name(kind byte, b []byte) {
	switch {
	case kind == '.' && len(s.names) > 0:
		s.dotted = true
	case (kind == word || kind == quoted) && s.dotted:
		s.names, s.dotted = append(s.names, string(b)), false
	case is(kind, b, "NOT") || is(kind, b, "EXISTS"):
		s.names, s.dotted = s.names[:0], true // IF NOT EXISTS
	default:
		s.state = skipping
	}
}

// present is the table that the statement is about.
func (s *scriptReader) present() (schema, table string) {
	n := len(s.names)
	if n > 1 {
		schema = s.names[n-2]
	}
	return schema, strings.ToLower(s.names[n-1])
}

// define takes a token of a list of columns.
func (s *scriptReader) define(kind byte, b []byte) {
	switch {
	case kind == '(':
		s.depth++
	case kind == ')':
		if s.depth--; s.depth == 0 {
			s.state = skipping
			if schema, table := s.present(); s.wanted(table) != nil {
				s.known[schema+"."+table] = s.cols
				s.table(schema, table, s.cols)
			}
		}
	case s.depth > 1:
	case kind == ',':
		s.fresh = true
	case s.fresh && (kind == quoted || kind == word && !constraint(b)):
		s.cols = append(s.cols, strings.ToLower(string(b)))
		s.fresh = false
	case is(kind, b, "STORED") && len(s.cols) > 0: // it is computed: dumps leave it out
		s.cols = s.cols[:len(s.cols)-1]
	default:
		s.fresh = false
	}
}

// constraint tells whether a word begins something that is no column.
func constraint(b []byte) bool {
	switch strings.ToUpper(string(b)) {
	case "CONSTRAINT", "PRIMARY", "UNIQUE", "KEY", "INDEX", "FOREIGN", "CHECK", "FULLTEXT", "SPATIAL", "EXCLUDE", "LIKE":
		return true
	}
	return false
}

// insert takes what follows INSERT INTO.
func (s *scriptReader) insert(kind byte, b []byte) {
	switch {
	case len(s.names) == 0 || s.dotted || kind == '.':
		s.name(kind, b)
	case kind == '(':
		s.state, s.cols = columnList, nil
	case is(kind, b, "VALUES"):
		schema, table := s.present()
		s.begin(s.known[schema+"."+table])
	default:
		s.state = skipping
	}
}

// begin prepares for rows of the columns.
func (s *scriptReader) begin(columns []string) {
	_, table := s.present()
	wanted := s.wanted(table)
	if wanted == nil {
		s.state = skipping
		return
	}
	s.want = make([]int, len(columns))
	if err := choose(s.want, columns, wanted); err != nil && s.err == nil {
		s.err = fmt.Errorf("the table %s: %w", table, err)
	}
	s.values = make([]value, len(wanted))
	s.state, s.depth = rows, 0
}

// data takes a token of rows.
func (s *scriptReader) data(kind byte, b []byte) {
	switch {
	case kind == '(':
		if s.depth++; s.depth == 1 {
			s.column = 0
			s.blank()
		}
	case kind == ')':
		if s.depth--; s.depth == 0 {
			s.keep()
			if s.column != len(s.want) && s.err == nil {
				s.err = fmt.Errorf("a row has %d values, and its table %d columns", s.column, len(s.want))
			}
			schema, table := s.present()
			s.row(schema, table, s.values)
		}
	case kind == ',' && s.depth == 1:
		s.keep()
		s.blank()
	case kind == '&':
		s.prefix = s.now.text == "U"
	case kind == text:
		s.now, s.isText = value{text: s.decode(b)}, true
	case kind == word && !s.isText:
		s.now = value{text: string(b), null: strings.EqualFold(string(b), "NULL")}
	}
}

func (s *scriptReader) blank() { s.now, s.isText, s.prefix = value{}, false, false }

// keep puts the present value where it belongs.
func (s *scriptReader) keep() {
	if s.column < len(s.want) && s.want[s.column] >= 0 {
		s.values[s.want[s.column]] = s.now
	}
	s.column++
}

// decode undoes what H2 writes for characters beyond ASCII: U&'\00fc', and in
// old versions STRINGDECODE('\u00fc').
func (s *scriptReader) decode(b []byte) string {
	old := strings.EqualFold(s.now.text, "STRINGDECODE")
	if !s.prefix && !old || bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	var out strings.Builder
	for t := string(b); t != ""; {
		r, n := utf8.DecodeRuneInString(t)
		if e, m := escape(t); m > 0 {
			r, n = e, m
		}
		out.WriteRune(r)
		t = t[n:]
	}
	return out.String()
}

// escape reads an escaped character and returns its length, 0 where there is none.
func escape(t string) (r rune, length int) {
	if len(t) < 2 || t[0] != '\\' {
		return 0, 0
	}
	digits, from := 4, 1
	switch t[1] {
	case '\\':
		return '\\', 2
	case 'u':
		from = 2
	case '+':
		digits, from = 6, 2
	}
	if len(t) < from+digits {
		return 0, 0
	}
	n, err := strconv.ParseUint(t[from:from+digits], 16, 32)
	if err != nil {
		return 0, 0
	}
	return rune(n), from + digits
}
