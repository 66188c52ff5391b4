package system

// PlanView is a plan in words, for people and programs. Its fields are described
// in doc/json.md.
type PlanView struct {
	System    string      `json:"system"`
	Type      string      `json:"type"`
	Product   string      `json:"product,omitempty"`
	Version   string      `json:"version,omitempty"`
	Java      string      `json:"java,omitempty"`
	Mode      string      `json:"mode"`
	Before    []string    `json:"before,omitempty"`
	Stop      string      `json:"stop,omitempty"`
	Checks    []string    `json:"checks,omitempty"`
	Stages    []StageView `json:"stages"`
	Compare   []string    `json:"compare,omitempty"`
	Start     string      `json:"start,omitempty"`
	After     []string    `json:"after,omitempty"`
	Uncovered []string    `json:"uncovered,omitempty"`
	Notes     []string    `json:"notes,omitempty"`
	Restore   []string    `json:"restore"`
}

// StageView is one stage in words.
type StageView struct {
	Name  string     `json:"name"`
	Why   string     `json:"why,omitempty"`
	Parts []PartView `json:"parts"`
}

// PartView is one part in words.
type PartView struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
	What string `json:"what,omitempty"`
}

// Describe puts a plan into words.
func Describe(p *Plan) PlanView {
	v := PlanView{System: p.Name, Type: p.Type, Product: p.Product, Version: p.Version, Java: p.Java, Mode: string(p.Mode), Uncovered: p.Uncovered, Notes: p.Notes}
	if v.Product == "" {
		v.Product = p.Type
	}
	for _, h := range p.Before {
		v.Before = append(v.Before, h.String())
	}
	for _, h := range p.After {
		v.After = append(v.After, h.String())
	}
	if p.Stop != nil && p.Start != nil && p.Mode == "cold" {
		v.Stop, v.Start = p.Stop.String(), p.Start.String()
	}
	for _, k := range p.Checks {
		v.Checks = append(v.Checks, k.Name)
	}
	for _, k := range p.Compare {
		v.Compare = append(v.Compare, k.Name)
	}
	for _, s := range p.Stages {
		sv := StageView{Name: s.Name, Why: s.Why}
		for _, x := range s.Parts {
			sv.Parts = append(sv.Parts, PartView{x.Path, x.Kind, x.What})
		}
		v.Stages = append(v.Stages, sv)
	}
	for _, s := range p.Restore {
		v.Restore = append(v.Restore, s.Title)
	}
	return v
}
