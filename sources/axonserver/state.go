package axonserver

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"ivyvault/sources"
	"ivyvault/sources/axonserver/segment"
)

// state is what a night leaves for the next. It is JSON, the segments first and
// in their order, so that most of it is the same from night to night.
type state struct {
	Segments []known  `json:"segments"`
	Format   int      `json:"format"`
	Kind     string   `json:"kind"`
	Context  string   `json:"context"`
	Chain    string   `json:"chain"` // random, made with the first night
	Server   string   `json:"server,omitempty"`
	Node     string   `json:"node,omitempty"`
	Closed   int64    `json:"closed"` // the watermark; -1 where nothing is closed
	Open     []begun  `json:"open,omitempty"`
	Global   []string `json:"global,omitempty"` // names of indexes that cover several segments
}

// known is a closed segment that the chain holds.
type known struct {
	Number  int64   `json:"n"`
	Version int     `json:"v,omitempty"`
	Events  int64   `json:"e"`
	Digest  string  `json:"d"` // of its blocks
	Mode    uint32  `json:"m"`
	UID     uint32  `json:"u,omitempty"`
	GID     uint32  `json:"g,omitempty"`
	Files   []piece `json:"f"` // the data first
}

// piece is a file of a closed segment.
type piece struct {
	Part  segment.Part `json:"p,omitempty"`
	Size  uint64       `json:"s"`
	MTime int64        `json:"t"` // seconds
	Nsec  uint32       `json:"x,omitempty"`
	Old   bool         `json:"o,omitempty"` // its name has 14 digits
}

// begun is a segment that was open: its unbroken run of blocks is the beginning
// of the segment for ever.
type begun struct {
	Number  int64  `json:"n"`
	Version int    `json:"v,omitempty"`
	Events  int64  `json:"e"`
	End     int64  `json:"end"`
	Digest  string `json:"d"` // of its blocks
}

const (
	stateFormat = 1
	chainBytes  = 16
)

// newChain names a chain.
func newChain() string {
	p := make([]byte, chainBytes)
	rand.Read(p)
	return hex.EncodeToString(p)
}

func (s *state) encode() ([]byte, error) { return json.Marshal(s) }

// decodeState reads a state and refuses one that contradicts itself.
func decodeState(p []byte) (*state, error) {
	var s state
	d := json.NewDecoder(bytes.NewReader(p))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("the state of the chain can't be understood: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("the state of the chain goes on behind its end")
	}
	if s.Format != stateFormat {
		return nil, fmt.Errorf("the state of the chain has format %d, and %d is known", s.Format, stateFormat)
	}
	if !isHex(s.Chain, chainBytes) || s.Closed < -1 {
		return nil, fmt.Errorf("the state of the chain has no right beginning")
	}
	for i, k := range s.Segments {
		if i > 0 && k.Number != s.Segments[i-1].Number+s.Segments[i-1].Events {
			return nil, fmt.Errorf("the state of the chain has a gap before segment %d", k.Number)
		}
		if k.Number < 0 || k.Version < 0 || k.Events <= 0 || !isHex(k.Digest, digestBytes) || len(k.Files) == 0 || len(k.Files) > 5 || k.Files[0].Part != segment.Data {
			return nil, fmt.Errorf("the state of the chain is wrong in segment %d", k.Number)
		}
		for j, f := range k.Files {
			if f.Part > segment.GlobalIndex || j > 0 && f.Part <= k.Files[j-1].Part || f.Nsec >= 1e9 {
				return nil, fmt.Errorf("the state of the chain is wrong in the files of segment %d", k.Number)
			}
		}
	}
	for _, o := range s.Open {
		if o.Number < 0 || o.Version < 0 || o.Events < 0 || o.End < 5 || !isHex(o.Digest, digestBytes) {
			return nil, fmt.Errorf("the state of the chain is wrong in the open segment %d", o.Number)
		}
	}
	for _, g := range s.Global {
		if n, ok := segment.ParseName(g); !ok || n.Part != segment.GlobalIndex {
			return nil, fmt.Errorf("the state of the chain names %q as an index", g)
		}
	}
	return &s, nil
}

func isHex(s string, n int) bool {
	p, err := hex.DecodeString(s)
	return err == nil && len(p) == n && hex.EncodeToString(p) == s
}

// find returns the closed segment of a number.
func (s *state) find(number int64) *known {
	i, ok := slices.BinarySearchFunc(s.Segments, number, func(k known, n int64) int { return cmp.Compare(k.Number, n) })
	if !ok {
		return nil
	}
	return &s.Segments[i]
}

// name returns the name of one of its files.
func (k *known) name(kind segment.Kind, f piece) segment.Name {
	return segment.Name{Kind: kind, Part: f.Part, Number: k.Number, Version: k.Version, Old: f.Old}
}

// attr returns the attributes of one of its files.
func (k *known) attr(f piece) sources.Attr {
	t := sources.Time{Sec: f.MTime, Nsec: f.Nsec}
	return sources.Attr{Type: sources.File, Mode: k.Mode, UID: k.UID, GID: k.GID, Size: f.Size, MTime: t, CTime: t, Links: 1}
}

// stamp is the version of a closed segment's file: within one chain a file of
// one name and size was read and proven once.
func stamp(chain, name string, size uint64) []byte {
	return fmt.Appendf(nil, "axonserver %s %s %d", chain, name, size)
}
