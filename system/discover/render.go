package discover

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML returns the proposals as the section "systems" of ivyvault.yaml. What
// the section has no key for stands in comments.
func YAML(list []*Proposal) (string, error) {
	systems := mapping()
	for _, p := range list {
		key := scalar(p.Name)
		key.HeadComment = p.head()
		section := p.section()
		key.FootComment = p.foot() // of the key: that of its value would come behind the next key
		systems.Content = append(systems.Content, key, section)
	}
	top := mapping()
	top.Content = append(top.Content, scalar("version"), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "1"}, scalar("systems"), systems)
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(top); err != nil {
		return "", fmt.Errorf("the proposal can't be written as YAML: %w", err)
	}
	return b.String(), e.Close()
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func scalar(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	return n
}

// block is a mapping under construction.
type block struct{ *yaml.Node }

func (b block) put(key string, v Value) {
	if v.Text == "" {
		return
	}
	n := scalar(v.Text)
	if _, err := strconv.Atoi(v.Text); err == nil && key == "port" {
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: v.Text}
	} else if key == "path-style" && (v.Text == "true" || v.Text == "false") {
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: v.Text}
	}
	n.LineComment = comment(v.From)
	b.Content = append(b.Content, scalar(key), n)
}

func (b block) list(key string, values []Value) {
	if len(values) == 0 {
		return
	}
	seq := &yaml.Node{Kind: yaml.SequenceNode}
	for _, v := range values {
		n := scalar(v.Text)
		n.LineComment = comment(v.From)
		seq.Content = append(seq.Content, n)
	}
	b.Content = append(b.Content, scalar(key), seq)
}

func (b block) sub(key string, notes []string) block {
	k, n := scalar(key), mapping()
	if len(notes) > 0 {
		k.HeadComment = comments(notes)
	}
	b.Content = append(b.Content, k, n)
	return block{n}
}

// comment makes a text fit for one line behind a value.
func comment(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if text == "" {
		return ""
	}
	return "# " + text
}

func comments(lines []string) string {
	var b strings.Builder
	for k, l := range lines {
		if k > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(comment(l))
	}
	return b.String()
}

func (p *Proposal) section() *yaml.Node {
	b := block{mapping()}
	b.put("type", p.Type)
	b.put("home", Value{p.Home, "as given"})
	b.put("mode", p.Mode)
	b.put("url", p.URL)
	for _, f := range p.More {
		b.put(f.Key, f.Value)
	}
	if len(p.Nodes) > 0 {
		nodes := b.sub("nodes", nil)
		for _, n := range p.Nodes {
			node := nodes.sub(n.Name, nil)
			node.put("home", Value{n.Home, "as given"})
			node.put("url", n.URL)
			for _, f := range n.More {
				node.put(f.Key, f.Value)
			}
		}
	}
	if len(p.Databases) > 0 {
		all := b.sub("databases", nil)
		for _, d := range p.Databases {
			d.put(all.sub(d.Name, append([]string{"declared by " + strings.Join(d.Declared, ", ")}, d.Notes...)))
		}
	}
	p.Search.put(b)
	if len(p.Documents) > 0 {
		all := b.sub("documents", nil)
		for _, s := range p.Documents {
			store := all.sub(s.Name, nil)
			store.put("type", s.Type)
			for _, f := range s.Fields {
				store.put(f.Key, f.Value)
			}
		}
	}
	if len(p.Directories) > 0 {
		all := b.sub("directories", nil)
		for _, d := range p.Directories {
			dir := all.sub(d.Name, d.Notes)
			dir.put("path", d.Path)
			dir.list("exclude", d.Exclude)
		}
	}
	if p.Mode.Text == "cold" {
		hooks := b.sub("hooks", nil)
		hooks.sub("stop", nil).command(p.Stop)
		hooks.sub("start", nil).command(p.Start)
	}
	return b.Node
}

// command puts an argument list on one line.
func (b block) command(c Command) {
	seq := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, LineComment: comment(c.From)}
	for _, w := range c.Argv {
		seq.Content = append(seq.Content, scalar(w))
	}
	b.Content = append(b.Content, scalar("command"), seq)
}

func (s *Search) put(b block) {
	if s == nil {
		return
	}
	where := "external"
	if s.Bundled {
		where = "bundled with the engine"
	}
	in := b.sub("search", []string{where})
	in.put("method", s.Method)
	in.put("url", s.URL)
	in.put("username", s.User)
	in.put("password", s.Password)
	in.list("indices", s.Indices)
	if s.Location.Text != "" {
		in.sub("snapshot", nil).put("location", s.Location)
	}
}

// head is what stands above the section: what the engine is.
func (p *Proposal) head() string {
	var l []string
	say := func(what string, v Value) {
		if v.Text == "" {
			l = append(l, what+": not found")
			return
		}
		l = append(l, what+": "+v.Text+" ("+v.From+")")
	}
	say("engine "+p.Type.Text, p.Version)
	say("Java", p.Java)
	for _, x := range p.Licences {
		l = append(l, "licence "+x.Path+": "+licence(x.Expires, x.From, x.Holder, x.Problem))
	}
	for _, k := range p.Keystores {
		text := "keystore " + k.Path + ": " + k.What + " (" + k.From + ")"
		switch {
		case k.Missing:
			text += ", MISSING"
		case k.Outside:
			text += ", outside of the usual folders"
		}
		l = append(l, text)
	}
	return comments(l)
}

func licence(expires, from, holder, problem string) string {
	text := "expiry not readable"
	switch {
	case problem != "":
		return problem
	case expires != "":
		text = "expires " + expires + " (" + from + ")"
	}
	if holder != "" {
		text += ", for " + holder
	}
	return text
}

// foot is what stands below the section: what it can't say.
func (p *Proposal) foot() string {
	var l []string
	part := func(title string, list []string) {
		if len(list) > 0 {
			l = append(l, title)
			for _, s := range list {
				l = append(l, "  - "+s)
			}
		}
	}
	part("ask: this must be supplied by hand", p.Ask)
	part("uncovered: this is NOT in the backup", p.Uncovered)
	var left []string
	for _, x := range p.LeftOut {
		left = append(left, x.Path+": "+x.Why)
	}
	part("left out by the engine's own rule", left)
	var checks []string
	for _, c := range p.Checks {
		if c.OK {
			checks = append(checks, "kept: "+c.Rule)
		} else {
			checks = append(checks, "BROKEN: "+c.Rule+": "+c.Said)
		}
	}
	part("rules for clusters", checks)
	part("differences between the nodes", p.Differences)
	part("notes", p.Notes)
	return comments(l)
}
