package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Cut returns a configuration that holds one system only, as it goes into that
// system's snapshots. Secrets stand in it by their places, as in the file.
func Cut(text []byte, system string) ([]byte, error) {
	top, err := mappingOf(text)
	if err != nil {
		return nil, err
	}
	s := child(child(top, "systems"), system)
	if s == nil {
		return nil, fmt.Errorf("the configuration has no system %q", system)
	}
	return encode(group("version", scalar("1"), "systems", group(system, s)))
}

// Override returns the configuration with keys of one part changed. The part is
// named as in snapshots, databases/claims; each change is KEY=VALUE, where KEY
// may lead deeper with dots.
func Override(text []byte, system, part string, changes []string) ([]byte, error) {
	top, err := mappingOf(text)
	if err != nil {
		return nil, err
	}
	at := child(child(top, "systems"), system)
	// Parts that have no section of their own are described by the system's.
	if dir, _, _ := strings.Cut(part, "/"); slices.Contains([]string{"databases", "documents", "directories", "search"}, dir) {
		for name := range strings.SplitSeq(part, "/") {
			at = child(at, name)
		}
	}
	if at == nil {
		return nil, fmt.Errorf("the configuration of the system %s has no section for the part %s", system, part)
	}
	for _, c := range changes {
		key, value, ok := strings.Cut(c, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q is no KEY=VALUE in the words of the section of %s", key, part)
		}
		to := at
		keys := strings.Split(key, ".")
		for _, k := range keys[:len(keys)-1] {
			next := child(to, k)
			if next == nil {
				next = &yaml.Node{Kind: yaml.MappingNode}
				put(to, k, next)
			}
			to = next
		}
		if to.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("%q leads into something that has no keys", key)
		}
		put(to, keys[len(keys)-1], scalar(value))
	}
	return encode(top)
}

// mappingOf reads a text whose top is a mapping.
func mappingOf(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("the configuration is no YAML: %w", err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("the configuration is no group of 'key: value' lines")
	}
	return doc.Content[0], nil
}

func child(n *yaml.Node, key string) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if canonical(n.Content[i].Value) == canonical(key) {
			return n.Content[i+1]
		}
	}
	return nil
}

func put(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if canonical(n.Content[i].Value) == canonical(key) {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, scalar(key), value)
}

// scalar is a value as if it stood in the file: numbers and true stay what they
// are, and {env:NAME} is text.
func scalar(value string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: value}
	if strings.HasPrefix(value, "{") || value == "" {
		n.Tag, n.Style = "!!str", yaml.SingleQuotedStyle
	}
	return n
}

func group(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		n.Content = append(n.Content, scalar(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return n
}

func encode(n *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}
