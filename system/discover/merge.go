package discover

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover/tree"
)

// merge makes one Proposal of the nodes of a system.
func merge(t *tree.Tree, name string, nodes []*Installation) *Proposal {
	first := nodes[0]
	p := &Proposal{
		Name: name, Type: Value{first.Type, "shown by " + first.Shown}, Home: first.Home, Version: first.Version, Java: first.Java,
		Mode: first.Mode, Stop: first.Stop, Start: first.Start, URL: first.URL, More: first.More, Search: first.Search, Documents: first.Documents, Found: nodes,
	}
	names := nodeNames(nodes)
	for k := range names {
		names[k] = plain(names[k])
	}
	p.Documents = slices.Clone(p.Documents)
	for k := range p.Documents {
		p.Documents[k].Name = plain(p.Documents[k].Name)
	}
	for k, n := range nodes {
		who := ""
		if len(nodes) > 1 {
			who = names[k] + ": "
			p.Nodes = append(p.Nodes, Node{names[k], n.Home, n.URL, n.More})
			p.More = nil
		}
		for _, d := range n.Databases {
			d.Name = plain(d.Name)
			p.takeDatabase(d, who)
		}
		p.takeFolders(t, n, names[k], len(nodes) > 1)
		for _, list := range []struct{ to, from *[]string }{{&p.Uncovered, &n.Uncovered}, {&p.Ask, &n.Ask}, {&p.Notes, &n.Notes}} {
			for _, s := range *list.from {
				if !slices.Contains(*list.to, s) && !slices.Contains(*list.to, names[0]+": "+s) && !(k > 0 && slices.Contains(*list.to, s)) {
					*list.to = append(*list.to, s)
				}
			}
		}
		for _, l := range n.LeftOut {
			if !slices.Contains(p.LeftOut, l) {
				p.LeftOut = append(p.LeftOut, l)
			}
		}
		p.Keystores = append(p.Keystores, n.Keystores...)
		p.Licences = append(p.Licences, n.Licences...)
	}
	p.Keystores = slices.CompactFunc(p.Keystores, func(a, b Keystore) bool { return t.Same(a.Path, b.Path) && a.What == b.What })
	p.Licences = dropSame(t, p.Licences)
	p.outside(t)
	for _, d := range p.Databases {
		if d.Cold {
			p.Mode = By("cold", "the database "+d.Name+" can't be opened while the engine runs")
			once(&p.Ask, "the commands that stop and start the engine (hooks): those in the section are a guess")
			break
		}
	}
	p.compare(names, nodes)
	return p
}

// plain makes a name of a text: letters of the alphabet, digits, point, hyphen.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
	if strings.Trim(name, ".-") == "" {
		return "unnamed"
	}
	return name
}

// nodeNames takes the names that were given, or the last parts of the paths in which they differ.
func nodeNames(nodes []*Installation) []string {
	var given []string
	for _, n := range nodes {
		if n.Name != "" && !slices.Contains(given, n.Name) {
			given = append(given, n.Name)
		}
	}
	if len(given) == len(nodes) {
		return given
	}
	for up := 0; up < 8; up++ {
		var names []string
		for _, n := range nodes {
			at := n.Home
			for range up {
				at = path.Dir(at)
			}
			names = append(names, path.Base(at))
		}
		sorted := slices.Sorted(slices.Values(names))
		if len(slices.Compact(sorted)) == len(nodes) && !slices.Contains(names, "/") {
			return names
		}
	}
	names := make([]string, len(nodes))
	for k := range nodes {
		names[k] = fmt.Sprintf("node%d", k+1)
	}
	return names
}

func (p *Proposal) takeDatabase(d Database, who string) {
	for k := range p.Databases {
		o := &p.Databases[k]
		if identity(*o) == identity(d) {
			for _, at := range d.Declared {
				once(&o.Declared, "%s", who+at)
			}
			return
		}
	}
	d.Declared = slices.Clone(d.Declared)
	for k := range d.Declared {
		d.Declared[k] = who + d.Declared[k]
	}
	base := d.Name
	for n := 2; slices.ContainsFunc(p.Databases, func(o Database) bool { return o.Name == d.Name }); n++ {
		d.Name = fmt.Sprintf("%s-%d", base, n)
		if who != "" {
			d.Name = strings.TrimSuffix(who, ": ") + "-" + base
			who = ""
		}
	}
	p.Databases = append(p.Databases, d)
}

// takeFolders adds a node's folders: one that is the very same folder as that
// of another node is taken once.
func (p *Proposal) takeFolders(t *tree.Tree, n *Installation, node string, several bool) {
	for _, d := range n.Folders {
		d.Name = plain(d.Name)
		shared := false
		for k := range p.Directories {
			o := &p.Directories[k]
			if o.Name == d.Name || strings.HasSuffix(o.Name, "-"+d.Name) {
				if t.Same(o.Path.Text, d.Path.Text) {
					shared = true
					o.Notes = append(o.Notes, "shared with "+node+" ("+d.Path.Text+")")
					o.Node = ""
				}
			}
		}
		if shared {
			continue
		}
		if several {
			d.Node = node
			d.Name = node + "-" + d.Name
		}
		p.Directories = append(p.Directories, d)
	}
	if !several {
		return
	}
	for k := range p.Directories { // a folder that turned out to be shared belongs to no node
		if o := &p.Directories[k]; o.Node == "" {
			o.Name = strings.TrimPrefix(o.Name, p.Nodes[0].Name+"-")
		}
	}
}

func (p *Proposal) outside(t *tree.Tree) {
	for k := range p.Keystores {
		s := &p.Keystores[k]
		s.Outside = !s.Missing && !p.covers(t, s.Path)
		if s.Outside {
			p.Directories = append(p.Directories, Directory{Name: p.freeName(plain("keystore-" + stem(s.Path))), Path: Value{s.Path, s.From}, Notes: []string{s.What + ", outside of the other folders"}})
		}
	}
	for _, l := range p.Licences {
		if !p.covers(t, l.Path) && l.Problem == "" {
			p.Directories = append(p.Directories, Directory{Name: p.freeName("licence"), Path: Value{l.Path, "licence file"}, Notes: []string{"outside of the other folders"}})
		}
	}
}

func stem(name string) string { return strings.TrimSuffix(path.Base(name), path.Ext(name)) }

func (p *Proposal) freeName(name string) string {
	base := name
	for n := 2; slices.ContainsFunc(p.Directories, func(d Directory) bool { return d.Name == name }); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}

// covers reports whether a folder that is captured holds the path.
func (p *Proposal) covers(t *tree.Tree, name string) bool {
	real, err := t.Real(name)
	if err != nil {
		return false
	}
	for _, d := range p.Directories {
		at, err := t.Real(d.Path.Text)
		if err != nil {
			continue
		}
		rest, ok := Within(at, real)
		if !ok {
			continue
		}
		left := slices.ContainsFunc(d.Exclude, func(x Value) bool {
			_, in := Within(x.Text, "/"+rest)
			return in
		})
		if !left {
			return true
		}
	}
	return false
}
