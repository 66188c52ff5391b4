package spring

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover/settings"
)

// collect returns the settings of all files for the profiles, the weakest
// first: files within the application, then those beside it; files of a
// profile go before those of none, and those beside before those within.
func (c *Config) collect(profiles []string) []settings.Setting {
	c.Files = nil
	var list []settings.Setting
	for _, in := range c.opt.Base {
		if slices.Contains(append([]string{""}, profiles...), c.profileOf(in.Path)) {
			list = append(list, c.parse(in.Path, in.Name, in.Data, profiles)...)
		}
	}
	for _, p := range append([]string{""}, profiles...) {
		for _, dir := range c.places() {
			list = append(list, c.dir(dir, p, profiles)...)
		}
	}
	return list
}

// profileOf returns the profile in the name of a file, "" for none.
func (c *Config) profileOf(name string) string {
	stem := strings.TrimSuffix(path.Base(name), path.Ext(name))
	profile, _ := strings.CutPrefix(stem, c.opt.Name+"-")
	if profile == stem {
		return ""
	}
	return profile
}

// places returns the folders and files that configuration is read from, the
// weakest first.
func (c *Config) places() []string {
	list := slices.Clone(c.opt.Dirs)
	if at := c.early("spring.config.location"); at != "" {
		list = c.locations(at)
	} else {
		list = append(list, c.opt.Home, path.Join(c.opt.Home, "config"))
		for _, sub := range c.opt.Tree.Match(path.Join(c.opt.Home, "config"), "*") {
			if c.opt.Tree.IsDir(sub) {
				list = append(list, sub)
			}
		}
	}
	return append(list, c.locations(c.early("spring.config.additional-location"))...)
}

func (c *Config) locations(text string) []string {
	var list []string
	for _, l := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' }) {
		l = strings.TrimPrefix(strings.TrimSpace(l), "optional:")
		if strings.HasPrefix(l, "classpath:") {
			continue // what is on the class path is among Base and Dirs
		}
		if at := c.filePath(l); strings.HasSuffix(l, "/") {
			list = append(list, at+"/")
		} else {
			list = append(list, at)
		}
	}
	return list
}

// filePath makes a path of a location, relative to the home folder.
func (c *Config) filePath(l string) string {
	l = strings.TrimPrefix(strings.TrimPrefix(l, "file:"), "//")
	if !strings.HasPrefix(l, "/") {
		l = path.Join(c.opt.Home, l)
	}
	return path.Clean(l)
}

// dir reads the files of one profile in one place. YAML is weaker than
// properties of the same place. A place may be a file itself.
func (c *Config) dir(place, profile string, profiles []string) []settings.Setting {
	if ext := path.Ext(place); ext == ".yml" || ext == ".yaml" || ext == ".properties" {
		if profile != "" {
			place = strings.TrimSuffix(place, ext) + "-" + profile + ext
		}
		return c.file(place, profiles)
	}
	var list []settings.Setting
	stem := c.opt.Name
	if profile != "" {
		stem += "-" + profile
	}
	for _, ext := range []string{".yaml", ".yml", ".properties"} {
		list = append(list, c.file(path.Join(place, stem+ext), profiles)...)
	}
	return list
}

func (c *Config) file(name string, profiles []string) []settings.Setting {
	data, err := c.opt.Tree.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		c.problem("%v", err)
		return nil
	}
	if !slices.Contains(c.Files, name) {
		c.Files = append(c.Files, name)
	}
	return c.parse(name, c.shown(name), data, profiles)
}

// parse reads a file's documents, those that hold for the profiles, and what
// they import.
func (c *Config) parse(name, shown string, data []byte, profiles []string) []settings.Setting {
	read := settings.YAML
	if path.Ext(name) == ".properties" {
		read = settings.Properties
	}
	docs, err := read(data, shown)
	if err != nil {
		c.problem("%v", err)
	}
	var list []settings.Setting
	for _, doc := range docs {
		b := settings.NewBag(Squeeze)
		b.Add(doc...)
		on, ok := b.First("spring.config.activate.on-profile", "spring.profiles")
		if ok && !holds(on.Value, profiles) {
			continue
		}
		list = append(list, doc...)
		for _, s := range doc {
			if strings.HasPrefix(Squeeze(s.Key), "springconfigimport") {
				for _, at := range strings.Split(s.Value, ",") {
					list = append(list, c.imported(strings.TrimSpace(at), s, profiles)...)
				}
			}
		}
	}
	return list
}

// imported reads what spring.config.import names: a file, or a folder with one
// file a setting.
func (c *Config) imported(at string, by settings.Setting, profiles []string) []settings.Setting {
	at, optional := strings.CutPrefix(at, "optional:")
	if dir, ok := strings.CutPrefix(at, "configtree:"); ok {
		return c.configTree(c.filePath(dir), "", 0)
	}
	if kind, _, ok := strings.Cut(at, ":"); ok && kind != "file" && kind != "classpath" {
		c.problem("%s imports settings from %s, which can't be read from here: add what they say by hand", by.From, kind)
		return nil
	}
	if strings.HasPrefix(at, "classpath:") {
		return nil
	}
	name := c.filePath(at)
	data, err := c.opt.Tree.Read(name)
	if err != nil {
		if !optional || !errors.Is(err, fs.ErrNotExist) {
			c.problem("%s imports it: %v", by.From, err)
		}
		return nil
	}
	if name == path.Join(c.opt.Home, by.From.Name) || slices.Contains(c.Files, name) {
		return nil // it imports itself
	}
	c.Files = append(c.Files, name)
	return c.parse(name, c.shown(name), data, profiles)
}

// configTree reads a folder in which each file is a setting, as containers get
// their secrets.
func (c *Config) configTree(dir, key string, depth int) []settings.Setting {
	entries, err := c.opt.Tree.List(dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.problem("%v", err)
		}
		return nil
	}
	var list []settings.Setting
	for _, e := range entries {
		name, below := path.Join(dir, e.Name()), e.Name()
		if strings.HasPrefix(below, "..") { // Kubernetes keeps its versions there
			continue
		}
		if key != "" {
			below = key + "." + below
		}
		if c.opt.Tree.IsDir(name) {
			if depth < 8 {
				list = append(list, c.configTree(name, below, depth+1)...)
			}
			continue
		}
		data, err := c.opt.Tree.Read(name)
		if err != nil {
			c.problem("%v", err)
			continue
		}
		list = append(list, settings.Setting{Key: below, Value: strings.TrimRight(string(data), "\r\n"), From: settings.Origin{Kind: settings.SecretFile, Name: name}})
	}
	return list
}

// holds evaluates a profile expression: names with !, &, | and commas, and
// brackets around the whole.
func holds(expr string, profiles []string) bool {
	for _, or := range strings.FieldsFunc(expr, func(r rune) bool { return r == ',' || r == '|' }) {
		all := true
		for _, and := range strings.Split(or, "&") {
			name, not := strings.CutPrefix(strings.Trim(and, " ()"), "!")
			if slices.Contains(profiles, strings.TrimSpace(name)) == not {
				all = false
			}
		}
		if all {
			return true
		}
	}
	return false
}
