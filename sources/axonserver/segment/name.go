package segment

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind says what a series of segments holds.
type Kind uint8

// The two kinds. Each has a numbering of its own.
const (
	Events Kind = iota
	Snapshots
)

func (k Kind) String() string {
	if k == Snapshots {
		return "snapshots"
	}
	return "events"
}

// Part says what a file is for its segment.
type Part uint8

// The parts of a segment. Index and Bloom go together; JumpIndex and
// GlobalIndex are those of stores that look aggregates up in another way.
const (
	Data Part = iota
	Index
	Bloom
	JumpIndex
	GlobalIndex // covers several segments, the one it is named for among them
)

// Name is what the name of a file in a store says. It is comparable.
type Name struct {
	Kind    Kind
	Part    Part
	Number  int64 // token of the first event
	Version int   // 0, or how often the segment was transformed
	Old     bool  // 14 digits instead of 20, as first releases wrote it
}

// suffixes holds what stands behind the last dot, by kind and part.
var suffixes = [...][5]string{
	Events:    {"events", "index", "bloom", "nindex", "xref"},
	Snapshots: {"snapshots", "sindex", "sbloom", "snindex", "sxref"},
}

// String returns the name of the file.
func (n Name) String() string {
	digits, version := 20, ""
	if n.Old {
		digits = 14
	}
	if n.Version > 0 {
		version = fmt.Sprintf("_%05d", n.Version)
	}
	return fmt.Sprintf("%0*d%s.%s", digits, n.Number, version, suffixes[n.Kind][n.Part])
}

// ParseName understands a file's name without its directory. ok is false for
// whatever isn't part of a segment, temporary files of a server among it. What
// is understood comes out of String unchanged.
func ParseName(name string) (n Name, ok bool) {
	stem, suffix, _ := strings.Cut(name, ".")
	for kind := range suffixes {
		for part, s := range suffixes[kind] {
			if s == suffix {
				n.Kind, n.Part, ok = Kind(kind), Part(part), true
			}
		}
	}
	number, version, versioned := strings.Cut(stem, "_")
	if !ok || len(number) != 20 && len(number) != 14 || versioned && len(version) < 5 {
		return Name{}, false
	}
	n.Old = len(number) == 14
	for _, c := range number + version {
		if c < '0' || c > '9' {
			return Name{}, false
		}
	}
	var err error
	if n.Number, err = strconv.ParseInt(number, 10, 64); err != nil {
		return Name{}, false
	}
	if versioned {
		if n.Version, err = strconv.Atoi(version); err != nil || n.Version == 0 {
			return Name{}, false
		}
	}
	if n.String() != name {
		return Name{}, false
	}
	return n, true
}
