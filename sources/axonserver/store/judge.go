package store

import (
	"fmt"
	"path"

	"ivyvault/sources/axonserver/segment"
)

// judge looks at the segments of a series together. It returns false where
// events are missing before the newest segment.
func (r *ContextReport) judge(s *Series, results []result, sum *SeriesReport) (whole bool) {
	*sum = SeriesReport{Segments: len(results), Superseded: len(s.Superseded), First: -1, Last: -1}
	whole = true
	for i := range results {
		g := &results[i]
		newest := i == len(results)-1
		sum.Bytes += g.sum.Size
		sum.Events += g.sum.Events
		if g.Indexed {
			sum.Indexed++
		}
		if g.sum.State == segment.Closed {
			sum.Closed++
		}
		if g.sum.Events > 0 && sum.First < 0 {
			sum.First = g.sum.First
		}
		r.damages(g, newest)
		if newest {
			r.newest(g, sum)
			whole = whole && g.err == nil && g.sum.End > 0
			break
		}
		if g.err != nil || g.sum.State != segment.Closed {
			whole = false
		}
		if g.err == nil && g.sum.State == segment.Open && g.sum.Whole() {
			r.add(g, g.sum.End, Unfinished, "the segment has room for more events, though newer segments follow: it is an early copy of it, or its end is lost",
				"copy the segment again, or take it from another backup")
		}
		if !r.continues(g, &results[i+1]) {
			whole = false
		}
	}
	if len(results) > 0 && s.Segments[0].Name.Number > 0 {
		whole = false
		r.Problems = append(r.Problems, Problem{File: s.Segments[0].Path, Offset: -1, Cause: Gap,
			What: fmt.Sprintf("the first segment begins with token %d: the %s before it are missing", s.Segments[0].Name.Number, s.Kind),
			Do:   "take the older segments from another backup, or from the tier of the server that holds them"})
	}
	r.indexes(s, results)
	r.names(s)
	return whole
}

func (r *ContextReport) add(g *result, offset int64, cause, what, do string) {
	r.Problems = append(r.Problems, Problem{File: g.Path, Offset: offset, Cause: cause, What: what, Do: do})
}

// damages names what is wrong with a segment by itself.
func (r *ContextReport) damages(g *result, newest bool) {
	if g.err != nil {
		r.Problems = append(r.Problems, unreadable(g.Path, g.err))
		return
	}
	do := "take the segment from another backup: what was written once never changes"
	switch s := &g.sum; {
	case s.End == 0:
	case newest && s.Torn():
		do = fmt.Sprintf("it is the newest segment, and all up to token %d is proven: copy it again, or fill it with zeros from byte %d on, up to its length before; no server may open it as it is",
			s.First+s.Proven-1, s.End)
	case newest:
		do = fmt.Sprintf("this is more than an unfinished write: copy the segment again, or take it from another backup; filled with zeros from byte %d on it would end at token %d, and lose what follows",
			s.End, s.First+s.Proven-1)
	}
	for _, d := range g.sum.Damages {
		r.add(g, d.Offset, string(d.Cause), d.What, do)
	}
	if g.sum.More > 0 {
		r.add(g, -1, string(g.sum.Damages[0].Cause), fmt.Sprintf("%d more blocks of the segment are wrong", g.sum.More), do)
	}
}

// newest looks at the end of a series.
func (r *ContextReport) newest(g *result, sum *SeriesReport) {
	sum.Last = g.sum.First + g.sum.Proven - 1
	switch {
	case g.sum.State == segment.Open && g.Indexed:
		r.add(g, -1, OpenIndex, "an index lies beside the open segment: a server would take the segment for complete, with what the index knows of it",
			"remove the index files of this segment; the server makes them again")
	case g.sum.State == segment.Closed && g.sum.Events > 0:
		r.Notices = append(r.Notices, fmt.Sprintf("%s is complete, and no open segment follows: whatever was written behind token %d is not in this copy", g.Path, sum.Last))
	}
	if g.sum.State == segment.Open {
		sum.Open = path.Base(g.Path)
	}
}

// continues reports whether next begins where g ends, as far as can be seen.
func (r *ContextReport) continues(g, next *result) bool {
	want, got := g.sum.Next(), next.Name.Number
	if g.err != nil || g.sum.State == segment.Broken {
		return false // where it ends isn't known; that was reported
	}
	switch {
	case got > want:
		r.add(next, -1, Gap, fmt.Sprintf("the segment begins with token %d, and the one before it ends with %d: the tokens %d to %d are missing", got, want-1, want, got-1),
			fmt.Sprintf("take the segment %s, and those between it and this one, from another backup", segment.Name{Kind: next.Name.Kind, Number: want}))
	case got < want:
		r.add(next, -1, Overlap, fmt.Sprintf("the segment begins with token %d, and the one before it ends with %d", got, want-1),
			"find out which of the two belongs to this store: they are of different stores, or of different states of it")
	}
	return got == want
}

// indexes looks whether a server would find the events by their aggregates. It
// makes indexes again only for segments newer than the newest that has one.
func (r *ContextReport) indexes(s *Series, results []result) {
	newest, closed := -1, 0
	for i := range results {
		if results[i].Indexed {
			newest = i
		}
		if results[i].sum.State == segment.Closed {
			closed++
		}
	}
	for i := range results {
		if i < newest && !results[i].Indexed {
			r.add(&results[i], -1, NoIndex, "the segment's index is missing or empty, though newer segments have theirs: a server doesn't make it again, and its aggregates seem to have no such events",
				"take its index files from another backup, or remove all index files of the context, so that the server makes all of them again")
		}
	}
	switch {
	case newest < 0 && closed > 0:
		r.Notices = append(r.Notices, fmt.Sprintf("no segment of the %s has its index: a server makes all of them again at its start, and opens the newest closed segment for writing once more, so that a new chain of backups must begin", s.Kind))
	case closed > newest+1:
		r.Notices = append(r.Notices, fmt.Sprintf("the newest %d closed segments of the %s have no index yet: a server makes them at its start", closed-newest-1, s.Kind))
	}
}

// names looks at files that should not be there.
func (r *ContextReport) names(s *Series) {
	for _, d := range s.Doubles {
		r.Problems = append(r.Problems, Problem{File: d.Path, Offset: -1, Cause: Double,
			What: "there is another file for the same segment and version", Do: "find out which of the two the server uses, and move the other away"})
	}
	if n := len(s.Superseded); n > 0 {
		r.Notices = append(r.Notices, fmt.Sprintf("%d older versions of segments lie beside the newest, %s among them: they were not read, and belong into no restore", n, s.Superseded[0].Path))
	}
	if n := len(s.Strays); n > 0 {
		r.Notices = append(r.Notices, fmt.Sprintf("%d index files belong to no segment, %s among them", n, s.Strays[0]))
	}
}
