package flowable

import (
	"fmt"
	"strings"
)

// store is a store whose names for contents are not known for sure: a bucket, a
// table of the database.
type store struct {
	part  string
	files map[string]file
	bases map[string]file // by the last part of their names; nil where names have one
	rows  []row
	none  bool // nothing of it was captured,
	known bool // though it could be
}

// row is a row that tells of a content in a store.
type row struct {
	of *Rows
	item
}

// find looks for a content by the names that it may have.
func (s *store) find(i item) (file, bool) {
	names := []string{i.storeID}
	if at, ok := place(i.storeID); ok {
		names = append(names, at)
	}
	for _, n := range names {
		if f, ok := s.files[n]; ok {
			return f, true
		}
	}
	last := i.storeID[strings.LastIndexAny(i.storeID, "./")+1:]
	if f, ok := s.bases[last]; ok {
		return f, true
	}
	f, ok := s.files[last]
	return f, ok
}

// guess judges rows whose contents lie in stores of that kind. Where not one can
// be found, it is the names that are not known, which proves nothing.
func (j *judge) guess(s *store, in []*store) {
	var missing []string
	there := 0
	for _, r := range s.rows {
		f, ok := findIn(in, r.item)
		if !ok {
			missing = append(missing, fmt.Sprintf("%s: the row %s (%q) names the content %s, which is not in %s", r.of.Part, r.id, r.name, r.storeID, s.part))
			continue
		}
		there++
		if f.size >= 0 && r.size >= 0 && f.size != r.size {
			j.bad("%s: the row %s (%q) says that its content has %d bytes, and it was captured from %s with %d", r.of.Part, r.id, r.name, r.size, s.part, f.size)
		}
	}
	j.compared += there
	switch {
	case len(s.rows) == 0:
	case s.none && s.known:
		j.bad("%d rows name contents in %s, of which nothing is captured: name it under 'documents:'", len(s.rows), s.part)
	case s.none:
		j.remark("%d rows name contents in %s, which is none that is known here: see to it that it is backed up", len(s.rows), s.part)
	case there == 0:
		j.remark("none of the %d contents that rows name was found in %s by a name that is known here: they were not compared", len(s.rows), s.part)
	default:
		j.wrong = append(j.wrong, missing...)
	}
}

func findIn(stores []*store, i item) (file, bool) {
	for _, s := range stores {
		if f, ok := s.find(i); ok {
			return f, true
		}
	}
	return file{}, false
}
