package postgres

import (
	"bufio"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// item is one entry of an archive's table of contents, as pg_restore -l -v
// lists it.
type item struct {
	id      int
	catalog uint32 // OID of the system catalog; 0 for some kinds
	oid     uint32 // within the catalog
	kind    string
	line    string // as pg_restore -L wants it
	needs   []int  // ids of other items
}

// kinds are those that matter here, the longer of two that begin alike first.
var kinds = [...]string{
	"TABLE DATA", "TABLE ATTACH", "TABLE",
	"INDEX ATTACH", "INDEX", "CHECK CONSTRAINT", "FK CONSTRAINT", "CONSTRAINT", "DEFAULT", "STATISTICS DATA", "STATISTICS",
	"SEQUENCE OWNED BY", "SEQUENCE SET", "SEQUENCE", "TRIGGER", "RULE", "POLICY", "ROW SECURITY", "ACL", "COMMENT", "SECURITY LABEL",
	"SCHEMA", "EXTENSION", "SHELL TYPE", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "AGGREGATE", "COLLATION", "OPERATOR",
}

var (
	itemLine    = regexp.MustCompile(`^(\d+); (\d+) (\d+) (.*)$`)
	archiveFile = regexp.MustCompile(`^\d+\.dat$`)
)

const needsPrefix = ";\tdepends on:"

// parseContents reads what pg_restore lists. Names in it are only shown: what
// an item is shows in its numbers, so that no name can mislead.
func parseContents(list string) ([]*item, error) {
	var out []*item
	s := bufio.NewScanner(strings.NewReader(list))
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		line := s.Text()
		if rest, ok := strings.CutPrefix(line, needsPrefix); ok && len(out) > 0 {
			last := out[len(out)-1]
			for _, f := range strings.Fields(rest) {
				n, err := strconv.Atoi(f)
				if err != nil {
					return nil, fmt.Errorf("the table of contents says that an item depends on %q", f)
				}
				last.needs = append(last.needs, n)
			}
			continue
		}
		m := itemLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		it := &item{line: line}
		var errs [3]error
		var catalog, oid uint64
		it.id, errs[0] = strconv.Atoi(m[1])
		catalog, errs[1] = strconv.ParseUint(m[2], 10, 32)
		oid, errs[2] = strconv.ParseUint(m[3], 10, 32)
		for _, err := range errs {
			if err != nil {
				return nil, fmt.Errorf("the table of contents has a line that can't be read: %w", err)
			}
		}
		it.catalog, it.oid = uint32(catalog), uint32(oid)
		for _, k := range kinds {
			if strings.HasPrefix(m[4], k+" ") {
				it.kind = k
				break
			}
		}
		out = append(out, it)
	}
	return out, s.Err()
}
