// Package spring reads the configuration of a Spring Boot application as the
// application would put it together: files inside its jar and beside it, those
// of the active profiles, the environment and -D options.
//
// Nouns:
//
//   - A Config is the settings that count, by keys that bind in any of Spring's
//     ways of writing them (root-folder, rootFolder, ROOT_FOLDER).
//   - An Inside is a file that the application brings along.
//
// Promise: only files are read, nothing is executed. What can't be read or
// resolved is listed as a problem; the rest counts all the same.
package spring

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// Options says where the configuration is looked for.
type Options struct {
	Tree *tree.Tree
	Home string // the application's working directory
	Name string // of the files, "application" if empty
	Env  settings.Environment
	Base []Inside // files that come with the application, the weakest first
	Dirs []string // folders on the class path, the weakest first
	User string   // user.home
}

// Inside is a file that was read from within a jar, or a default of the
// application's maker.
type Inside struct {
	Name string // as it is shown
	Path string // its base name tells format and profile
	Data []byte
}

// Config is the settings that count.
type Config struct {
	*settings.Bag
	Profiles []string
	Files    []string // that were read
	Problems []string
	opt      Options
	props    *settings.Bag // -D options
}

// Squeeze makes keys the same that Spring binds to one property.
func Squeeze(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 127:
			return r
		}
		return -1
	}, key)
}

// Load reads the configuration.
func Load(opt Options) *Config {
	if opt.Name == "" {
		opt.Name = "application"
	}
	c := &Config{opt: opt, props: settings.NewBag(Squeeze)}
	c.readOptions()
	c.profiles(c.collect(nil))
	var last []settings.Setting
	for range 4 { // a file of one profile may switch on another
		list := c.collect(c.Profiles)
		n := len(c.Profiles)
		c.profiles(list)
		last = list
		if len(c.Profiles) == n {
			break
		}
	}
	c.Bag = settings.NewBag(Squeeze)
	c.Add(last...)
	c.Add(c.outer()...)
	c.Problems = slices.Compact(c.Problems)
	return c
}

// outer returns what goes before all files: the environment, then options.
func (c *Config) outer() []settings.Setting {
	var list []settings.Setting
	for _, s := range c.opt.Env.Prefixed("") {
		if strings.ToUpper(s.Key) == s.Key && strings.Contains(s.Key, "_") {
			s.Key = strings.ToLower(strings.ReplaceAll(s.Key, "_", "."))
			list = append(list, s)
		} else if strings.Contains(s.Key, ".") {
			list = append(list, s)
		}
	}
	if s, ok := c.opt.Env.Get("SPRING_APPLICATION_JSON"); ok {
		docs, err := settings.YAML([]byte(s.Value), s.From.String())
		if err != nil || len(docs) == 0 {
			c.problem("the variable SPRING_APPLICATION_JSON is no valid JSON")
		} else {
			for _, in := range docs[0] {
				list = append(list, settings.Setting{Key: in.Key, Value: in.Value, From: s.From})
			}
		}
	}
	return append(list, c.props.All()...)
}

func (c *Config) problem(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(c.Problems, text) {
		c.Problems = append(c.Problems, text)
	}
}

// early returns a setting that decides which files are read: from outside.
func (c *Config) early(key string) string {
	b := settings.NewBag(Squeeze)
	b.Add(c.outer()...)
	s, _ := b.Get(key)
	return s.Value
}

// profiles finds out which profiles the settings so far switch on.
func (c *Config) profiles(list []settings.Setting) {
	b := settings.NewBag(Squeeze)
	b.Add(list...)
	b.Add(c.outer()...)
	add := func(names string) {
		for _, n := range strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' }) {
			if !slices.Contains(c.Profiles, n) {
				c.Profiles = append(c.Profiles, n)
			}
		}
	}
	lists := func(key string) {
		if s, ok := b.Get(key); ok {
			add(c.resolveIn(b, s.Value))
		}
		for i := range 32 {
			if s, ok := b.Get(fmt.Sprintf("%s[%d]", key, i)); ok {
				add(s.Value)
			}
		}
	}
	lists("spring.profiles.active")
	lists("spring.profiles.include")
	for _, p := range slices.Clone(c.Profiles) {
		lists("spring.profiles.group." + p)
	}
	if len(c.Profiles) == 0 {
		add("default")
	}
}

// shown is a path as it is told: relative where it lies in the home folder.
func (c *Config) shown(name string) string {
	if rel, ok := strings.CutPrefix(name, strings.TrimSuffix(c.opt.Home, "/")+"/"); ok {
		return rel
	}
	return path.Clean(name)
}
