package settings

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// TOML reads a TOML file and flattens it. The tables of an array of tables and
// the members of lists get their number in brackets: datasource[0].id.
//
// With an error come the settings before the place where the file can't be
// understood any more: engines take some files that the standard forbids, as
// where a key stands twice.
func TOML(data []byte, file string) ([]Setting, error) {
	list, err := walkTOML(data, file)
	var whole map[string]any
	wrong := toml.Unmarshal(data, &whole)
	if err != nil || wrong == nil {
		return list, err
	}
	var at *toml.DecodeError
	if errors.As(wrong, &at) {
		line, _ := at.Position()
		return list, fmt.Errorf("%s:%d is no valid TOML: %w", file, line, wrong)
	}
	return list, fmt.Errorf("%s is no valid TOML: %w", file, wrong)
}

func walkTOML(data []byte, file string) ([]Setting, error) {
	w := tomlWalk{file: file, arrays: map[string]int{}}
	w.p.Reset(data)
	table := ""
	for w.p.NextExpression() {
		e := w.p.Expression()
		switch e.Kind {
		case unstable.Table:
			table, _ = w.key(e.Key(), "", false)
		case unstable.ArrayTable:
			table, _ = w.key(e.Key(), "", true)
		case unstable.KeyValue:
			key, line := w.key(e.Key(), table, false)
			w.value(key, e.Value(), line)
		}
		if len(w.list) > mostSettings {
			return w.list, &TooManyError{file}
		}
	}
	if err := w.p.Error(); err != nil {
		return w.list, fmt.Errorf("%s is no valid TOML: %w", file, err)
	}
	return w.list, nil
}

type tomlWalk struct {
	p      unstable.Parser
	file   string
	list   []Setting
	arrays map[string]int // tables so far of each array of tables
}

// key joins the parts of a key below a table; each part that is an array of
// tables means its last table, or begins a new one.
func (w *tomlWalk) key(it unstable.Iterator, table string, begins bool) (string, int) {
	key, line := table, 0
	for it.Next() {
		n := it.Node()
		key = join(key, string(n.Data))
		line = w.line(n)
		count, isArray := w.arrays[key]
		switch {
		case begins && it.IsLast():
			w.arrays[key] = count + 1
			key += "[" + strconv.Itoa(count) + "]"
		case isArray:
			key += "[" + strconv.Itoa(count-1) + "]"
		}
	}
	return key, line
}

func (w *tomlWalk) line(n *unstable.Node) int { return w.p.Shape(n.Raw).Start.Line }

func (w *tomlWalk) value(key string, n *unstable.Node, line int) {
	switch n.Kind {
	case unstable.InlineTable:
		for it := n.Children(); it.Next(); {
			c := it.Node()
			if c.Kind == unstable.KeyValue {
				below, at := w.key(c.Key(), key, false)
				w.value(below, c.Value(), at)
			}
		}
	case unstable.Array:
		i := 0
		for it := n.Children(); it.Next(); {
			if c := it.Node(); c.Kind != unstable.Comment {
				w.value(key+"["+strconv.Itoa(i)+"]", c, line)
				i++
			}
		}
	default:
		w.list = append(w.list, Setting{key, string(n.Data), Origin{File, w.file, line}})
	}
}
