package repo

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"ivyvault/chunk"
	"ivyvault/repo/seal"
)

// Name is the plain BLAKE3-256 of a stored object, by which it is named.
type Name [32]byte

// String returns 64 hexadecimal digits.
func (n Name) String() string { return hex.EncodeToString(n[:]) }

// Short returns the first eight digits, as shown in lists.
func (n Name) Short() string { return n.String()[:8] }

// MarshalText writes the digits.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (n *Name) UnmarshalText(p []byte) error {
	b, err := hex.DecodeString(string(p))
	if err != nil || len(b) != len(n) {
		return fmt.Errorf("%q is not a name of 64 hexadecimal digits", p)
	}
	copy(n[:], b)
	return nil
}

// Root says where a snapshot's root directory is.
type Root struct {
	ID   Name   `json:"id"`
	Size uint32 `json:"size"`
}

// Ref returns the page at the top of the root directory.
func (r Root) Ref() chunk.Ref {
	return chunk.Ref{Kind: chunk.Page, ID: chunk.ID(r.ID), Size: r.Size}
}

// RootOf makes a Root of a page's Ref.
func RootOf(ref chunk.Ref) Root { return Root{ID: Name(ref.ID), Size: ref.Size} }

// Finding is one thing that a backup could not read.
type Finding struct {
	Path    string `json:"path"`               // slash separated, from the snapshot's root
	PathB64 string `json:"path_b64,omitempty"` // where the path is not UTF-8
	What    string `json:"what"`
}

// NewFinding fills PathB64 where the path needs it.
func NewFinding(path, what string) Finding {
	f := Finding{Path: path, What: what}
	if !utf8.ValidString(path) {
		f.PathB64 = base64.StdEncoding.EncodeToString([]byte(path))
		f.Path = strings.ToValidUTF8(path, "\uFFFD")
	}
	return f
}

// Owners names the users and groups whose numbers a snapshot's entries carry.
type Owners struct {
	Users  map[string]string `json:"users,omitempty"`
	Groups map[string]string `json:"groups,omitempty"`
}

// Stats counts what one backup did. Sizes are bytes.
type Stats struct {
	Files          int64 `json:"files"`
	Dirs           int64 `json:"dirs"`
	Others         int64 `json:"others"`          // links, devices, fifos, sockets
	FilesNew       int64 `json:"files_new"`       // not in the parent
	FilesChanged   int64 `json:"files_changed"`   // in the parent, read again
	FilesUnchanged int64 `json:"files_unchanged"` // taken over from the parent, unread
	Bytes          int64 `json:"bytes"`           // of all files
	BytesRead      int64 `json:"bytes_read"`      // of the files that were read
	BytesAdded     int64 `json:"bytes_added"`     // that all new packs hold, as stored
	ChunksNew      int64 `json:"chunks_new"`
}

// Snapshot is a tree at a time, with what is known of how it was taken. Fields
// that this version does not know survive when a snapshot is written again.
type Snapshot struct {
	ID       Name `json:"-"` // name of the first form, for ever
	Form     Name `json:"-"` // name of the form that was read
	Replaces Name `json:"-"`
	// Signer wrote the form that was read; zero in one that is being made.
	Signer seal.Signer `json:"-"`

	Time        time.Time `json:"time"`
	End         time.Time `json:"end"`
	Host        string    `json:"host"`
	User        string    `json:"user,omitempty"`
	Program     string    `json:"program,omitempty"`
	Paths       []string  `json:"paths"`
	Tags        []string  `json:"tags,omitempty"`
	Description string    `json:"description,omitempty"`
	Protected   bool      `json:"protected,omitempty"`
	Root        Root      `json:"root"`
	Parent      *Name     `json:"parent,omitempty"`
	Owners      *Owners   `json:"owners,omitempty"`
	Stats       *Stats    `json:"stats,omitempty"`

	Incomplete      bool            `json:"incomplete,omitempty"`
	Findings        []Finding       `json:"findings,omitempty"`
	FindingsOmitted int             `json:"findings_omitted,omitempty"`
	System          json.RawMessage `json:"system,omitempty"`

	unknown map[string]json.RawMessage
}

// snapshotFields is Snapshot without its methods, for the standard codec.
type snapshotFields Snapshot

// forms are the two fields that only changed forms carry.
type forms struct {
	ID       *Name `json:"id,omitempty"`
	Replaces *Name `json:"replaces,omitempty"`
}

// encodeSnapshot returns the JSON object; id and replaces only in changed forms.
func encodeSnapshot(s Snapshot) ([]byte, error) {
	known, err := json.Marshal(snapshotFields(s))
	if err != nil {
		return nil, err
	}
	all := map[string]json.RawMessage{}
	for k, v := range s.unknown {
		all[k] = v
	}
	if err := json.Unmarshal(known, &all); err != nil {
		return nil, err
	}
	if s.Replaces != (Name{}) {
		b, err := json.Marshal(forms{&s.ID, &s.Replaces})
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(b, &all); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}

// decodeSnapshot reads the JSON object of the form that is named.
func decodeSnapshot(plain []byte, form Name) (Snapshot, error) {
	var s Snapshot
	var f forms
	if err := json.Unmarshal(plain, (*snapshotFields)(&s)); err != nil {
		return s, &chunk.DamageError{What: "snapshot " + form.Short(), How: "not readable as JSON", Err: err}
	}
	if err := json.Unmarshal(plain, &f); err != nil {
		return s, &chunk.DamageError{What: "snapshot " + form.Short(), How: "not readable as JSON", Err: err}
	}
	if err := json.Unmarshal(plain, &s.unknown); err != nil {
		return s, err
	}
	for _, k := range knownFields {
		delete(s.unknown, k)
	}
	s.Form, s.ID = form, form
	if f.ID != nil {
		s.ID = *f.ID
	}
	if f.Replaces != nil {
		s.Replaces = *f.Replaces
	}
	return s, nil
}

// knownFields are the fields that Snapshot and forms hold.
var knownFields = [...]string{"id", "replaces", "time", "end", "host", "user", "program", "paths", "tags", "description",
	"protected", "root", "parent", "owners", "stats", "incomplete", "findings", "findings_omitted", "system"}

// HasTag reports whether the snapshot has the tag.
func (s Snapshot) HasTag(tag string) bool {
	for _, t := range s.Tags {
		if t == tag {
			return true
		}
	}
	return false
}

// SortSnapshots orders by time, oldest first, then by id.
func SortSnapshots(list []Snapshot) {
	sort.Slice(list, func(i, j int) bool {
		if !list[i].Time.Equal(list[j].Time) {
			return list[i].Time.Before(list[j].Time)
		}
		return string(list[i].ID[:]) < string(list[j].ID[:])
	})
}

// SetID names a backup set: the snapshots of one host and one list of paths.
func SetID(host string, paths []string) string {
	sorted := append([]string(nil), paths...)
	sort.Strings(sorted)
	return host + "\x00" + strings.Join(sorted, "\x00")
}
