package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// YAML reads a file of one or more YAML documents and flattens each: nested
// keys and keys with points in them give the same setting. Members of lists
// get their number in brackets. Values stay as they are written: 007 is "007".
func YAML(data []byte, file string) ([][]Setting, error) {
	var docs [][]Setting
	d := yaml.NewDecoder(bytes.NewReader(data))
	f := flattener{file: file}
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return docs, fmt.Errorf("%s is no valid YAML: %w", file, err)
		}
		f.list = nil
		if err := f.node("", &n, 0); err != nil {
			return docs, err
		}
		docs = append(docs, f.list)
		if len(docs) > 1000 {
			return docs, &TooManyError{file}
		}
	}
}

type flattener struct {
	file  string
	list  []Setting
	count int
}

const deepest = 100

func (f *flattener) node(key string, n *yaml.Node, depth int) error {
	if f.count++; f.count > mostSettings {
		return &TooManyError{f.file}
	}
	if depth > deepest {
		return fmt.Errorf("%s:%d is nested more than %d deep: it was not read", f.file, n.Line, deepest)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		for _, c := range n.Content {
			if err := f.node(key, c, depth+1); err != nil {
				return err
			}
		}
	case yaml.AliasNode:
		return f.node(key, n.Alias, depth+1)
	case yaml.MappingNode:
		return f.mapping(key, n, depth)
	case yaml.SequenceNode:
		for i, c := range n.Content {
			if err := f.node(key+"["+strconv.Itoa(i)+"]", c, depth+1); err != nil {
				return err
			}
		}
	case yaml.ScalarNode:
		value := n.Value
		if n.Tag == "!!null" {
			value = ""
		}
		if key != "" {
			f.list = append(f.list, Setting{key, value, Origin{File, f.file, n.Line}})
		}
	}
	return nil
}

// mapping puts what is merged in ("<<") before the mapping's own keys, so that
// these count.
func (f *flattener) mapping(key string, n *yaml.Node, depth int) error {
	for _, merged := range []bool{true, false} {
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if (k.Tag == "!!merge") != merged {
				continue
			}
			at := key
			if !merged {
				at = join(key, k.Value)
			} else if v.Kind == yaml.SequenceNode {
				for _, c := range v.Content {
					if err := f.node(at, c, depth+1); err != nil {
						return err
					}
				}
				continue
			}
			if err := f.node(at, v, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "." + b
}
