package config

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"ivyvault/sources/secret"
)

// place is where a secret stands.
type place struct {
	path  string
	line  int
	value secret.Value
}

// decoder fills values from YAML. It goes on after a problem, so that all are
// told at once. Keys may be written with '-' or '_'.
type decoder struct {
	file     string
	problems Problems
	secrets  []place
	lines    map[string]int
	depth    int // of aliases
}

func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	d.problems = append(d.problems, &Problem{d.file, n.Line, fmt.Sprintf(format, args...)})
}

func canonical(key string) string { return strings.ReplaceAll(key, "_", "-") }

// field is a key that a struct has.
type field struct {
	key   string
	index int
}

func fields(t reflect.Type) []field {
	var all []field
	for i := range t.NumField() {
		if key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); key != "" && key != "-" {
			all = append(all, field{canonical(key), i})
		}
	}
	return all
}

// maxAliases bounds how deep aliases may lead.
const maxAliases = 20

// into fills v, which path leads to, from n.
func (d *decoder) into(v reflect.Value, n *yaml.Node, path string) {
	for n.Kind == yaml.AliasNode {
		if d.depth++; d.depth > maxAliases {
			d.fail(n, "the alias %q leads too deep", n.Value)
			return
		}
		defer func() { d.depth-- }()
		n = n.Alias
	}
	d.lines[path] = n.Line
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // a key without a value
	}
	switch x := v.Addr().Interface().(type) {
	case *Database:
		d.typed(n, path, "the type of database", databases(), &x.Type, &x.Part)
		return
	case *Documents:
		d.typed(n, path, "the type of document store", stores(), &x.Type, &x.Part)
		return
	case *time.Duration:
		d.duration(x, n)
		return
	case *[]Hook:
		if n.Kind == yaml.MappingNode { // one is a list of one
			*x = make([]Hook, 1)
			d.into(reflect.ValueOf(&(*x)[0]).Elem(), n, path)
			return
		}
	case *[]string:
		if n.Kind == yaml.ScalarNode { // one is a list of one
			*x = []string{n.Value}
			return
		}
	case encoding.TextUnmarshaler:
		d.text(x, n, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.into(v.Elem(), n, path)
	case reflect.Struct:
		d.mapping(v, n, path, nil)
	case reflect.Map:
		d.named(v, n, path)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.fail(n, "%s is a list: each line begins with '- '", path)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			d.into(v.Index(i), c, fmt.Sprintf("%s[%d]", path, i))
		}
	default:
		d.scalar(v, n, path)
	}
}

// pairs calls visit for each key of a mapping.
func (d *decoder) pairs(n *yaml.Node, path string, visit func(key, value *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "%s is a group of 'key: value' lines", shown(path))
		return false
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			d.fail(k, "a key is a word")
			continue
		}
		if line, twice := seen[canonical(k.Value)]; twice {
			d.fail(k, "the key %q stands in line %d already", k.Value, line)
			continue
		}
		seen[canonical(k.Value)] = k.Line
		visit(k, n.Content[i+1])
	}
	return true
}

func shown(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// mapping fills a struct; keys in beside are somebody else's.
func (d *decoder) mapping(v reflect.Value, n *yaml.Node, path string, beside []string) {
	known := fields(v.Type())
	names := slices.Clone(beside)
	for _, f := range known {
		names = append(names, f.key)
	}
	d.pairs(n, path, func(k, value *yaml.Node) {
		key := canonical(k.Value)
		if slices.Contains(beside, key) {
			return
		}
		i := slices.IndexFunc(known, func(f field) bool { return f.key == key })
		if i < 0 {
			d.fail(k, "%s", unknown("the key", k.Value, names))
			return
		}
		d.into(v.Field(known[i].index), value, join(path, key))
		d.lines[join(path, key)] = k.Line
	})
}

// named fills a map whose keys are names that the user chose.
func (d *decoder) named(v reflect.Value, n *yaml.Node, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, path, func(k, value *yaml.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		if e.Kind() == reflect.Pointer { // a name with nothing below it is there
			e.Set(reflect.New(e.Type().Elem()))
			d.into(e.Elem(), value, join(path, k.Value))
			if strings.ContainsAny(k.Value, "/\x00") || k.Value == "" || k.Value == "." || k.Value == ".." {
				d.fail(k, "%q can't be a name: it becomes a directory of snapshots", k.Value)
			}
		} else {
			d.into(e, value, join(path, k.Value))
		}
		d.lines[join(path, k.Value)] = k.Line
		v.SetMapIndex(reflect.ValueOf(k.Value), e)
	})
}

// typed fills a part by the value of its key 'type'.
func (d *decoder) typed(n *yaml.Node, path, what string, kinds []kind, name *string, part *Part) {
	var at *yaml.Node
	if !d.pairs(n, path, func(k, value *yaml.Node) {
		if k.Value == "type" {
			at, *name = value, value.Value
		}
	}) {
		return
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
		if k.name == *name {
			*part = k.make()
		}
	}
	switch {
	case at == nil:
		d.fail(n, "%s has no 'type': it is one of %s", path, strings.Join(names, ", "))
	case *part == nil:
		d.fail(at, "%s", unknown(what, *name, names))
	default:
		d.mapping(reflect.ValueOf(*part).Elem(), n, path, []string{"type"})
	}
}

// text fills what reads itself. What a secret says is never repeated.
func (d *decoder) text(x encoding.TextUnmarshaler, n *yaml.Node, path string) {
	s, hidden := x.(*secret.Value)
	if hidden && n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[1].Tag == "!!null" {
		// {env:NAME} without quotes is a mapping to YAML.
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "{" + n.Content[0].Value + "}", Line: n.Line}
	}
	if hidden && n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[1].Kind == yaml.ScalarNode {
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "{" + n.Content[0].Value + ":" + n.Content[1].Value + "}", Line: n.Line}
	}
	if n.Kind != yaml.ScalarNode {
		d.fail(n, "%s is a single value", path)
		return
	}
	if err := x.UnmarshalText([]byte(n.Value)); err != nil {
		d.fail(n, "%s: %v", path, err)
		return
	}
	if hidden && !s.IsZero() {
		d.secrets = append(d.secrets, place{path, n.Line, *s})
	}
}

func (d *decoder) scalar(v reflect.Value, n *yaml.Node, path string) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, "%s is a single value", path)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		if n.Tag != "!!bool" {
			d.fail(n, "%s is true or false", path)
			return
		}
		v.SetBool(n.Value == "true" || n.Value == "True" || n.Value == "TRUE")
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil || v.OverflowInt(i) {
			d.fail(n, "%s is a whole number", path)
			return
		}
		v.SetInt(i)
	default:
		d.fail(n, "%s can't be set from a file", path)
	}
}

// duration reads what Go reads, and days as in 2d and 1d12h.
func (d *decoder) duration(x *time.Duration, n *yaml.Node) {
	days, rest, found := strings.Cut(n.Value, "d")
	if !found {
		days, rest = "0", n.Value
	}
	k, err := strconv.ParseUint(days, 10, 16)
	var r time.Duration
	if err == nil && (rest != "" || !found) {
		r, err = time.ParseDuration(rest)
	}
	if err != nil || r < 0 || n.Kind != yaml.ScalarNode {
		d.fail(n, "a time is written as 90s, 15m, 4h, 2d or 1d12h")
		return
	}
	*x = time.Duration(k)*24*time.Hour + r
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
