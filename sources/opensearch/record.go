package opensearch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"ivyvault/sources/listing"
)

// recordName is the file at the top of a captured tree that says how it was
// made, so that it can be put back without anything else.
const recordName = "capture.json"

// format is the version of record that is written.
const format = 1

// record is the content of that file.
type record struct {
	Format   int        `json:"format"`
	Method   Method     `json:"method"`
	Product  string     `json:"product"`
	Version  string     `json:"version"`
	Snapshot *taken     `json:"snapshot,omitempty"`
	Indices  []recorded `json:"indices"`
	Rebuild  string     `json:"rebuild,omitempty"` // the step, for the operator
}

// recorded is one index of a record.
type recorded struct {
	Name      string `json:"name"`
	MadeBy    string `json:"made_by"` // "Elasticsearch 7.10.2"
	Product   string `json:"product"`
	Version   string `json:"version"`
	Documents int64  `json:"documents"`       // when the capture began
	Exact     bool   `json:"exact,omitempty"` // nothing was written meanwhile
	Closed    bool   `json:"closed,omitempty"`
	Shards    int    `json:"shards"`
}

// taken is a snapshot in a repository.
type taken struct {
	Name       string `json:"name"`
	UUID       string `json:"uuid"`
	Generation int64  `json:"generation"` // of the repository
}

func newRecord(m Method, s *survey) *record {
	r := &record{Format: format, Method: m, Product: s.release.Product, Version: s.release.version()}
	for i := range s.indices {
		x := &s.indices[i]
		r.Indices = append(r.Indices, recorded{
			Name: x.name, MadeBy: x.made.String(), Product: x.made.Product, Version: x.made.version(),
			Documents: x.docs, Closed: x.closed, Shards: x.shards,
		})
	}
	return r
}

// file is the record as a file of a capture.
func (r *record) file(at time.Time) (listing.File, error) {
	p, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return listing.File{}, err
	}
	return listing.Bytes(recordName, append(p, '\n'), at), nil
}

// readRecord reads the record of a captured tree and refuses what could not
// have been written by a capture.
func readRecord(from fs.FS) (*record, error) {
	p, err := readFile(from, recordName, longestAnswer)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("this is no capture of a search server: there is no %s at its top", recordName)
		}
		return nil, err
	}
	var r record
	if err := json.Unmarshal(p, &r); err != nil {
		return nil, fmt.Errorf("%s is not understood: %w", recordName, err)
	}
	if r.Format != format {
		return nil, fmt.Errorf("%s has format %d, and this program knows %d: use a newer one", recordName, r.Format, format)
	}
	var names []string
	for _, x := range r.Indices {
		if err := checkName(x.Name); err != nil {
			return nil, fmt.Errorf("%s: %w", recordName, err)
		}
		names = append(names, x.Name)
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(r.Indices) {
		return nil, fmt.Errorf("%s names an index twice", recordName)
	}
	if r.Method == BySnapshot && (r.Snapshot == nil || checkName(r.Snapshot.Name) != nil || r.Snapshot.Generation < 0) {
		return nil, fmt.Errorf("%s names no snapshot", recordName)
	}
	return &r, nil
}

// readFile reads a file of at most that many bytes.
func readFile(from fs.FS, name string, limit int64) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(p)) > limit {
		return nil, fmt.Errorf("%s holds more than %d bytes, which no capture writes", name, limit)
	}
	return p, nil
}
