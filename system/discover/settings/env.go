package settings

import (
	"fmt"
	"slices"
	"strings"
)

// Environment is the variables that an engine runs with.
type Environment struct{ vars map[string]Setting }

// FromMap returns the Environment of these variables.
func FromMap(vars map[string]string) Environment {
	e := Environment{map[string]Setting{}}
	for k, v := range vars {
		e.vars[k] = Setting{k, v, Origin{Env, k, 0}}
	}
	return e
}

// EnvFile reads a file as "docker run --env-file" takes it: NAME=VALUE, a line
// each; what is quoted stays quoted. A name without '=' is taken from own.
// Lines that "export" stands before, as in a shell's file, are understood too.
func EnvFile(data []byte, file string, own map[string]string) (Environment, error) {
	e := Environment{map[string]Setting{}}
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimPrefix(strings.TrimLeft(strings.TrimRight(line, "\r"), " \t\ufeff"), "export ")
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimRight(name, " \t")
		if name == "" || strings.ContainsAny(name, " \t\x00") {
			return e, fmt.Errorf("%s:%d is no NAME=VALUE", file, i+1)
		}
		if !ok {
			if value, ok = own[name]; !ok {
				continue
			}
		}
		e.vars[name] = Setting{name, value, Origin{Env, name + "@" + file, i + 1}}
	}
	return e, nil
}

// Get returns a variable.
func (e Environment) Get(name string) (Setting, bool) {
	s, ok := e.vars[name]
	return s, ok
}

// Prefixed returns the variables whose names begin with prefix, by name.
func (e Environment) Prefixed(prefix string) []Setting {
	var list []Setting
	for k, s := range e.vars {
		if strings.HasPrefix(k, prefix) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Setting) int { return strings.Compare(a.Key, b.Key) })
	return list
}
