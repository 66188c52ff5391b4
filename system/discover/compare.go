package discover

import (
	"fmt"
	"slices"
	"strings"

	"ivyvault/system/discover/install"
	"ivyvault/system/discover/jdbc"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// compare checks the rules for clusters and names each difference of the nodes.
func (p *Proposal) compare(names []string, nodes []*Installation) {
	if len(nodes) < 2 {
		return
	}
	for _, rule := range nodes[0].Rules {
		c := Check{Rule: rule.Name, OK: true}
		for k, n := range nodes[1:] {
			at := slices.IndexFunc(n.Rules, func(r Rule) bool { return r.Name == rule.Name })
			var other Value
			if at >= 0 {
				other = n.Rules[at].Value
			}
			if other.Text != rule.Text {
				c.OK = false
				c.Said = join(c.Said, fmt.Sprintf("%s has %s (%s), %s has %s (%s)", names[0], orNone(rule.Text), rule.From, names[k+1], orNone(other.Text), other.From))
			}
		}
		p.Checks = append(p.Checks, c)
	}
	for k, n := range nodes[1:] {
		p.differ(names[0], names[k+1], nodes[0], n)
	}
	for _, text := range nodes[0].Cluster {
		once(&p.Notes, "%s", text)
	}
	same := Check{Rule: "the same service configurations", OK: len(p.Differences) == 0}
	if !same.OK {
		same.Said = fmt.Sprintf("%d differences, see below", len(p.Differences))
	}
	p.Checks = append(p.Checks, same)
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// differ names the settings in which two nodes differ. Values of secrets are
// compared and not told.
func (p *Proposal) differ(nameA, nameB string, a, b *Installation) {
	say := func(format string, args ...any) { once(&p.Differences, format, args...) }
	for _, v := range []struct {
		what string
		a, b Value
	}{{"engine version", a.Version, b.Version}, {"Java version", a.Java, b.Java}} {
		if v.a.Text != v.b.Text {
			say("%s: %s has %s, %s has %s", v.what, nameA, orNone(v.a.Text), nameB, orNone(v.b.Text))
		}
	}
	perNode := func(key string) bool { return a.PerNode != nil && a.PerNode(key) }
	of := func(i *Installation) map[string]settings.Setting {
		all := map[string]settings.Setting{}
		for _, s := range i.Settings {
			all[strings.ToLower(s.Key)] = s
		}
		return all
	}
	inA, inB := of(a), of(b)
	for _, s := range a.Settings {
		key := strings.ToLower(s.Key)
		o, ok := inB[key]
		switch {
		case perNode(s.Key) || inA[key] != s || ok && o.Value == s.Value:
		case !ok:
			say("%s: only %s has it%s (%s)", s.Key, nameA, told(s), s.From)
		case strings.Contains(s.Value, "\n") || strings.Contains(o.Value, "\n"):
			say("%s: those of %s (%s) and %s (%s) differ", s.Key, nameA, s.From, nameB, o.From)
		case jdbc.Secret(s.Key) || sealed(s.Value):
			say("%s: the secrets of %s (%s) and %s (%s) differ", s.Key, nameA, s.From, nameB, o.From)
		default:
			say("%s: %s has %q (%s), %s has %q (%s)", s.Key, nameA, Shown(s.Value), s.From, nameB, Shown(o.Value), o.From)
		}
	}
	for _, s := range b.Settings {
		if _, ok := inA[strings.ToLower(s.Key)]; !ok && !perNode(s.Key) {
			say("%s: only %s has it%s (%s)", s.Key, nameB, told(s), s.From)
		}
	}
}

// told is a value behind a colon, "" where it should not be told.
func told(s settings.Setting) string {
	if jdbc.Secret(s.Key) || sealed(s.Value) || strings.Contains(s.Value, "\n") {
		return ""
	}
	return fmt.Sprintf(": %q", Shown(s.Value))
}

func sealed(value string) bool {
	return strings.Contains(value, "crypt:") || strings.Contains(value, "hash:")
}

// Shown is a value as it may be told: URLs without the password in them.
func Shown(value string) string {
	if strings.HasPrefix(strings.ToLower(value), "jdbc") {
		if u, err := jdbc.Parse(value); err == nil {
			text := u.String()
			for _, q := range u.Params {
				if !jdbc.Secret(q.Key) {
					text += " " + q.Key + "=" + q.Value
				}
			}
			return text
		}
		return "a JDBC URL"
	}
	if scheme, rest, ok := strings.Cut(value, "://"); ok {
		host, tail, _ := strings.Cut(rest, "/")
		if at := strings.LastIndex(host, "@"); at >= 0 {
			host = host[at+1:]
		}
		value = scheme + "://" + host
		if tail != "" {
			value += "/" + tail
		}
		if before, _, ok := strings.Cut(value, "?"); ok {
			value = before + "?…"
		}
	}
	return value
}

// dropSame drops licences that nodes share.
func dropSame(t *tree.Tree, list []install.Licence) []install.Licence {
	var kept []install.Licence
	for _, l := range list {
		if !slices.ContainsFunc(kept, func(o install.Licence) bool { return t.Same(o.Path, l.Path) }) {
			kept = append(kept, l)
		}
	}
	return kept
}
