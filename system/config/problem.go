package config

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	File string // path
	Line int    // 0 where it has none
	Said string
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Said
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Said)
}

// Problems are all that is wrong, in the order of the lines. It is an error.
type Problems []*Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each problem.
func (p Problems) Unwrap() []error {
	all := make([]error, len(p))
	for i := range p {
		all[i] = p[i]
	}
	return all
}

func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b *Problem) int { return a.Line - b.Line })
	return p
}

// unknown says that a word isn't one of those that are known.
func unknown(what, word string, known []string) string {
	text := fmt.Sprintf("%s %q is not known", what, word)
	if n := nearest(word, known); n != "" {
		return text + "; did you mean " + n + "?"
	}
	return text + "; known are " + strings.Join(known, ", ")
}

// nearest returns the word that was most likely meant, or "".
func nearest(typed string, known []string) string {
	best, least := "", len(typed)/3+2
	for _, k := range known {
		d := distance(typed, k)
		if strings.HasPrefix(k, typed) {
			d = min(d, 1)
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, remove or replace to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		corner := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := corner
			if a[i-1] != b[j-1] {
				cost = min(corner, row[j], row[j-1]) + 1
			}
			corner, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
