package oracle

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// moved is a line about the rows of a table or one of its partitions:
//
//	. . exported "AXONIVY"."IWA_TASK"                  12.5 KB     123 rows
//	. . imported "AXONIVY"."BIG":"P1"."P1_SUB"          1.5 MB   9,999 rows
var moved = regexp.MustCompile(`^\. \. (?:exported|imported) "([^"]*)"\."([^"]*)"(?::"[^"]*"(?:\."[^"]*")?)?\s+.*?([0-9,]+) rows`)

// ended is the last line of a job; a job with errors says how many.
var (
	ended   = regexp.MustCompile(`^Job "[^"]*"\."([^"]*)" successfully completed at `)
	erring  = regexp.MustCompile(`^Job "[^"]*"\."([^"]*)" completed with ([0-9]+) error\(s\) at `)
	present = regexp.MustCompile(`^ORA-31684: (?:Object type )?USER:`)
)

// outcome reads what Data Pump said. Rows are counted by table, partitions
// together. Any error is a failure, but that a user is there already, where
// that is allowed.
func outcome(said, job string, userMayBe bool) (rows map[string]int64, err error) {
	rows = map[string]int64{}
	done, allowed := false, 0
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if m := moved.FindStringSubmatch(line); m != nil {
			n, err := strconv.ParseInt(strings.ReplaceAll(m[3], ",", ""), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("a number of rows in the log can't be read: %q", line)
			}
			rows[m[1]+"."+m[2]] += n
			continue
		}
		switch m := erring.FindStringSubmatch(line); {
		case userMayBe && present.MatchString(line):
			allowed++
		case complaint(line) != "":
			return nil, explained(line)
		case m != nil && m[1] == job:
			if m[2] != strconv.Itoa(allowed) {
				return nil, fmt.Errorf("the job ended with %s errors: %s", m[2], line)
			}
			done = true
		}
		if m := ended.FindStringSubmatch(line); m != nil && m[1] == job {
			done = true
		}
	}
	if !done {
		return nil, errors.New("the log of Data Pump has no line that says that the job was completed")
	}
	return rows, nil
}
