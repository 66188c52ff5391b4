package system

import (
	"encoding/json"
	"slices"
	"time"

	"ivyvault/repo/backup"
	"ivyvault/sources"
	"ivyvault/sources/listing"
)

// The names of what lies beside the parts.
const (
	ManifestName = "manifest.json"
	RunBookName  = "RUNBOOK.md"
	SectionName  = "system.yaml"
)

// Manifest says how a snapshot of a system was taken. Its fields are described
// in doc/json.md.
type Manifest struct {
	Format      int                 `json:"format"` // 1
	System      string              `json:"system"`
	Type        string              `json:"type"`
	Product     string              `json:"product,omitempty"`
	Version     string              `json:"version,omitempty"`
	Java        string              `json:"java,omitempty"`
	Host        string              `json:"host"`
	Program     string              `json:"program,omitempty"`
	Began       time.Time           `json:"began"`
	Ended       time.Time           `json:"ended"`
	Consistency sources.Consistency `json:"consistency"`
	Whole       bool                `json:"whole"`
	Stages      []StageDone         `json:"stages"`
	Parts       []PartDone          `json:"parts"`
	Checks      []Result            `json:"checks,omitempty"`
	Uncovered   []string            `json:"uncovered,omitempty"`
	Notes       []string            `json:"notes,omitempty"`
}

// StageDone is one stage, in the order in which they were captured.
type StageDone struct {
	Name  string   `json:"name"`
	Why   string   `json:"why,omitempty"`
	Parts []string `json:"parts"`
}

// PartDone is one part as it was captured.
type PartDone struct {
	Path       string        `json:"path"`
	Kind       string        `json:"kind"`
	What       string        `json:"what,omitempty"`
	Stage      string        `json:"stage"`
	Began      time.Time     `json:"began"`
	Ended      time.Time     `json:"ended"`
	Whole      bool          `json:"whole"`
	Error      string        `json:"error,omitempty"`
	Unreadable int           `json:"unreadable,omitempty"`
	Files      int64         `json:"files"`
	Unchanged  int64         `json:"files_unchanged"`
	Bytes      int64         `json:"bytes"`
	BytesRead  int64         `json:"bytes_read"`
	Continued  bool          `json:"continued,omitempty"`
	Facts      sources.Facts `json:"facts"`
}

// Result is how a check or comparison came out.
type Result struct {
	Name    string   `json:"name"`
	When    string   `json:"when"` // before or after the capture
	OK      bool     `json:"ok"`
	Said    string   `json:"said,omitempty"`
	Wrong   []string `json:"wrong,omitempty"`
	Remarks []string `json:"remarks,omitempty"`
}

// begin fills in what is known before the first part.
func (c *capturing) begin() {
	p := c.plan
	c.manifest = Manifest{
		Format: 1, System: p.Name, Type: p.Type, Product: p.Product, Version: p.Version, Java: p.Java,
		Host: c.opt.Host, Program: c.opt.Program, Began: time.Now().UTC(), Uncovered: p.Uncovered, Notes: p.Notes,
	}
	for _, s := range p.Stages {
		done := StageDone{Name: s.Name, Why: s.Why}
		for _, x := range s.Parts {
			done.Parts = append(done.Parts, x.Path)
		}
		c.manifest.Stages = append(c.manifest.Stages, done)
	}
}

// add notes a part; one that was captured again replaces the first.
func (m *Manifest) add(p *Plan, s *Stage, o *backup.Outcome) {
	part, _ := p.part(o.Path)
	done := PartDone{
		Path: o.Path, Kind: part.Kind, What: part.What, Stage: s.Name, Began: o.Began, Ended: o.Ended, Whole: o.Whole(),
		Unreadable: o.Findings, Files: o.Stats.Files, Unchanged: o.Stats.FilesUnchanged, Bytes: o.Stats.Bytes,
		BytesRead: o.Stats.BytesRead, Continued: o.Continued, Facts: o.Facts,
	}
	if o.Err != nil {
		done.Error = o.Err.Error()
	} else if done.Facts.Consistency == "" { // it was captured as it stood
		done.Facts.Consistency = m.reached(p.Mode)
	}
	m.Parts = slices.DeleteFunc(m.Parts, func(x PartDone) bool { return x.Path == o.Path })
	m.Parts = append(m.Parts, done)
}

// part returns the part at a path.
func (m *Manifest) part(path string) (PartDone, bool) {
	i := slices.IndexFunc(m.Parts, func(x PartDone) bool { return x.Path == path })
	if i < 0 {
		return PartDone{}, false
	}
	return m.Parts[i], true
}

// reached is the weakest consistency of all parts.
func (m *Manifest) reached(mode sources.Consistency) sources.Consistency {
	if mode == sources.Cold {
		return sources.Cold
	}
	return sources.Hot
}

// describe writes the manifest and the run book.
func (c *capturing) describe() ([]listing.File, error) {
	m := &c.manifest
	m.Ended, m.Consistency, m.Whole = time.Now().UTC(), m.reached(c.plan.Mode), true
	for _, p := range m.Parts {
		m.Whole = m.Whole && p.Whole
	}
	for _, k := range m.Checks {
		m.Whole = m.Whole && len(k.Wrong) == 0
	}
	p, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	files := []listing.File{
		listing.Bytes(ManifestName, append(p, '\n'), c.opt.Time),
		listing.Bytes(RunBookName, []byte(RunBook(c.plan, m, c.opt.Time, c.opt.Section)), c.opt.Time),
	}
	if c.opt.Section != nil {
		files = append(files, listing.Bytes(SectionName, c.opt.Section, c.opt.Time))
	}
	return files, nil
}
