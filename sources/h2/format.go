package h2

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// FormatError says that a database file and an H2 don't fit.
type FormatError struct {
	File   string
	Format int    // of the file
	Jar    string // path
	H2     string // its version
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s was written by H2 %s, and %s is H2 %s, which can't read it: name the engine's own jar with 'jar:' (between such versions a database moves by script.sql only)", e.File, writers(e.Format), e.Jar, e.H2)
}

// formatOf returns which format of files an H2 reads and writes, 0 where it is
// not known. Each reads its own only.
func formatOf(version string) int {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	switch {
	case err != nil || err2 != nil:
		return 0
	case a == 1:
		return 1
	case a == 2 && b < 2:
		return 2
	case a == 2:
		return 3
	}
	return 0
}

func writers(format int) string {
	switch format {
	case 1:
		return "1.4"
	case 2:
		return "2.0 or 2.1"
	case 3:
		return "2.2 or later"
	}
	return fmt.Sprintf("of an unknown version (file format %d)", format)
}

// fileFormat reads the format from the head of a database file. 0 is that of an
// encrypted file, whose head says nothing.
func fileFormat(name string, r io.Reader) (int, error) {
	head := make([]byte, 4096)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return 0, err
	}
	head = head[:n]
	if strings.HasPrefix(string(head), "H2encrypt") {
		return 0, nil
	}
	// The head is kept twice; where a crash tore the first, the second counts.
	line, _, _ := strings.Cut(string(head), "\n")
	if !strings.HasPrefix(line, "H:2,") {
		return 0, fmt.Errorf("%s does not begin as a database file of H2 does: it is damaged, or another kind of file", name)
	}
	for field := range strings.SplitSeq(line, ",") {
		if v, ok := strings.CutPrefix(field, "format:"); ok {
			if f, err := strconv.ParseInt(v, 16, 32); err == nil {
				return int(f), nil
			}
		}
	}
	return 0, fmt.Errorf("the head of %s names no format: it is damaged", name)
}
