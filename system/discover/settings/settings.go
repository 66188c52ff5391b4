// Package settings reads what engines are configured by: Java properties,
// YAML, TOML and environments, and remembers where each value stands.
//
// Nouns:
//
//   - A Setting is a key, dotted where it was nested, its value as text, and
//     its Origin.
//   - A Bag holds settings under keys that may be written in several ways; of
//     two with one key the one that was added later counts.
//
// Promise: whatever the bytes are, a reader returns settings or an error with
// a line, in bounded time and memory.
package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind says from what kind of place a value comes.
type Kind int

// The kinds of places.
const (
	File       Kind = iota // a line of a configuration file
	Env                    // a variable of the engine's environment
	SecretFile             // a file that holds the one value
	Default                // the engine's own default
)

// Origin is the place where a value stands.
type Origin struct {
	Kind Kind
	Name string // of the file or variable, or why it is the default
	Line int    // from 1, 0 where there is none
}

func (o Origin) String() string {
	switch {
	case o.Kind == Env && o.Line > 0: // NAME of an environment file
		name, file, _ := strings.Cut(o.Name, "@")
		return fmt.Sprintf("env %s (%s:%d)", name, file, o.Line)
	case o.Kind == Env:
		return "env " + o.Name
	case o.Kind == SecretFile:
		return "secret file " + o.Name
	case o.Kind == Default:
		return strings.TrimSpace("default " + o.Name)
	case o.Line > 0:
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	}
	return o.Name
}

// Variable returns the name of the variable of an Origin of the kind Env.
func (o Origin) Variable() string {
	name, _, _ := strings.Cut(o.Name, "@")
	return name
}

// Setting is a key with its value and where it stands.
type Setting struct {
	Key, Value string
	From       Origin
}

// mostSettings bounds what one file can yield: YAML aliases multiply.
const mostSettings = 50000

// TooManyError says that a file yields more settings than any configuration.
type TooManyError struct{ File string }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("%s yields more than %d settings, which no configuration does: it was not read further", e.File, mostSettings)
}

// Bag holds settings. The zero Bag is not usable; make one with NewBag.
type Bag struct {
	canon func(string) string
	all   map[string]Setting
	order map[string]int
}

// NewBag returns an empty Bag for keys that are the same when canon makes them
// the same; nil takes them as they are written.
func NewBag(canon func(string) string) *Bag {
	if canon == nil {
		canon = func(s string) string { return s }
	}
	return &Bag{canon, map[string]Setting{}, map[string]int{}}
}

// Add adds settings, each in place of an earlier one with the same key.
func (b *Bag) Add(list ...Setting) {
	for _, s := range list {
		k := b.canon(s.Key)
		if _, ok := b.all[k]; !ok {
			b.order[k] = len(b.order)
		}
		b.all[k] = s
	}
}

// Get returns the setting of a key.
func (b *Bag) Get(key string) (Setting, bool) {
	s, ok := b.all[b.canon(key)]
	return s, ok
}

// First returns the setting of the first of the keys that has one that isn't
// empty.
func (b *Bag) First(keys ...string) (Setting, bool) {
	for _, k := range keys {
		if s, ok := b.Get(k); ok && s.Value != "" {
			return s, true
		}
	}
	return Setting{}, false
}

// All returns the settings in the order in which their keys first appeared.
func (b *Bag) All() []Setting {
	keys := make([]string, 0, len(b.all))
	for k := range b.all {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y string) int { return cmp.Compare(b.order[x], b.order[y]) })
	list := make([]Setting, len(keys))
	for i, k := range keys {
		list[i] = b.all[k]
	}
	return list
}

// Below returns the settings whose keys begin with prefix and a point or
// bracket.
func (b *Bag) Below(prefix string) []Setting {
	want := b.canon(prefix)
	var list []Setting
	for _, s := range b.All() {
		for i := 0; i < len(s.Key); i++ {
			if (s.Key[i] == '.' || s.Key[i] == '[') && b.canon(s.Key[:i]) == want {
				list = append(list, s)
				break
			}
		}
	}
	return list
}
