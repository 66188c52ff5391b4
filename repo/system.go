package repo

import "encoding/json"

// System is what a snapshot of a system says of itself, in its member system.
type System struct {
	Name  string       `json:"name"`
	Type  string       `json:"type"`
	Parts []SystemPart `json:"parts"`
}

// SystemPart is one part of a system's snapshot.
type SystemPart struct {
	Path string `json:"path"` // below the system's directory
	Kept bool   `json:"kept"` // something of it is in the snapshot
	// Whole is set where all of the part was captured.
	Whole bool   `json:"whole"`
	Why   string `json:"why,omitempty"` // it is not
}

// SystemInfo returns what the snapshot says of the system that it was taken of;
// false where it is no system's.
func (s *Snapshot) SystemInfo() (System, bool) {
	var out System
	if len(s.System) == 0 || json.Unmarshal(s.System, &out) != nil || out.Name == "" {
		return System{}, false
	}
	return out, true
}

// Part returns the part at the path.
func (s System) Part(path string) (SystemPart, bool) {
	for _, p := range s.Parts {
		if p.Path == path {
			return p, true
		}
	}
	return SystemPart{}, false
}
