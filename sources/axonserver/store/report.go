package store

import (
	"fmt"
	"io/fs"
)

// Report is what Verify found.
type Report struct {
	Contexts []ContextReport `json:"contexts"`
	Damaged  bool            `json:"damaged"` // there is at least one problem
	Bytes    int64           `json:"bytes"`   // that were read
	Seconds  float64         `json:"duration_seconds"`
}

// Problems counts those of all contexts.
func (r *Report) Problems() (n int) {
	for _, c := range r.Contexts {
		n += len(c.Problems)
	}
	return n
}

// ContextReport is what was found in a context.
type ContextReport struct {
	Context   string       `json:"context"`
	Events    SeriesReport `json:"events"`
	Snapshots SeriesReport `json:"snapshots"`
	Compared  int64        `json:"snapshots_compared"` // aggregates whose latest snapshot was looked for among the events
	Problems  []Problem    `json:"problems"`
	Notices   []string     `json:"notices"`
}

// SeriesReport counts the segments of one kind.
type SeriesReport struct {
	Segments   int    `json:"segments"`
	Closed     int    `json:"closed"`
	Indexed    int    `json:"indexed"`
	Superseded int    `json:"superseded,omitempty"`
	Bytes      int64  `json:"bytes"`
	Events     int64  `json:"events"`
	First      int64  `json:"first_token"` // -1 where there is none
	Last       int64  `json:"last_token"`  // -1 where there is none; of the proven events at the end
	Open       string `json:"open,omitempty"`
}

// Problem is one thing that is wrong, where, and what to do.
type Problem struct {
	File    string `json:"file"`               // its path, or that of a directory
	FileB64 []byte `json:"file_b64,omitempty"` // the same where it is not UTF-8
	Offset  int64  `json:"offset"`             // in bytes; -1 where it is about no place in the file
	Cause   string `json:"cause"`
	What    string `json:"what"`
	Do      string `json:"do"`
	// Err is the error of a file that could not be read.
	Err error `json:"-"`
}

func (p *Problem) Error() string {
	if p.Offset < 0 {
		return fmt.Sprintf("%s: %s", p.File, p.What)
	}
	return fmt.Sprintf("%s at byte %d: %s", p.File, p.Offset, p.What)
}

// The causes beside those of a segment.
const (
	Gap        = "gap"        // tokens are missing
	Overlap    = "overlap"    // tokens are there twice
	Double     = "double"     // two files for one segment and version
	Unfinished = "unfinished" // a segment before the newest has no end
	NoIndex    = "index"      // an index is missing that the server would not make again
	OpenIndex  = "open-index" // an index lies beside an open segment
	Ahead      = "ahead"      // a snapshot is ahead of the events
	NoEvent    = "no-event"   // the event of a snapshot's sequence number is missing
	NoEvents   = "no-events"  // there are snapshots and no events
	Unreadable = "unreadable" // the file system gave an error
)

func unreadable(path string, err error) Problem {
	if pe, ok := err.(*fs.PathError); ok {
		err = pe.Err
	}
	return Problem{File: path, Offset: -1, Cause: Unreadable, What: "can't be read: " + err.Error(),
		Do: "see to it that the file can be read, and verify again", Err: err}
}

// Progress is how far Verify is.
type Progress struct {
	Segments, SegmentsAll int
	Bytes, BytesAll       int64
	Problems              int // of the segments by themselves
}
