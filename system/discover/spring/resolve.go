package spring

import (
	"path"
	"regexp"
	"strings"

	"ivyvault/system/discover/settings"
)

// readOptions takes -D options from the variables and the start script that
// Java applications are given them by.
func (c *Config) readOptions() {
	for _, name := range []string{"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "CATALINA_OPTS", "_JAVA_OPTIONS"} {
		if s, ok := c.opt.Env.Get(name); ok {
			c.options(s.Value, s.From)
		}
	}
	for _, name := range []string{"bin/setenv.sh", "jvm.options"} {
		at := path.Join(c.opt.Home, name)
		data, err := c.opt.Tree.Read(at)
		if err != nil {
			continue
		}
		for i, line := range strings.Split(string(data), "\n") {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
				c.options(line, settings.Origin{Name: name, Line: i + 1})
			}
		}
	}
}

// options reads -Dkey=value, its value perhaps in quotes.
func (c *Config) options(text string, from settings.Origin) {
	form := regexp.MustCompile(`(?:^|[\s"'=])-D([\w.\-]+)=("[^"]*"|'[^']*'|[^\s"']*)`)
	for _, m := range form.FindAllStringSubmatch(text, 1000) {
		c.props.Add(settings.Setting{Key: m[1], Value: strings.Trim(m[2], `"'`), From: from})
	}
}

// Property returns a -D option.
func (c *Config) Property(name string) (settings.Setting, bool) { return c.props.Get(name) }

// Value returns a setting with its placeholders resolved, of the
// first of the keys that has one. Where a placeholder has no value it stays, and is a problem.
func (c *Config) Value(keys ...string) (settings.Setting, bool) {
	s, ok := c.First(keys...)
	if !ok {
		return s, false
	}
	return c.Resolve(s), true
}

// Resolve replaces ${key} and ${key:default} in a setting. Where the value is
// one placeholder and nothing else, the setting's origin becomes that of what
// it stands for: a password is then known by its variable.
func (c *Config) Resolve(s settings.Setting) settings.Setting {
	for range 16 {
		inner, whole := strings.CutPrefix(s.Value, "${")
		inner, closed := strings.CutSuffix(inner, "}")
		if !whole || !closed || strings.Contains(inner, "${") {
			break
		}
		name, def, hasDefault := strings.Cut(inner, ":")
		to, ok := c.lookUp(c.Bag, name)
		switch {
		case ok:
			s.Value, s.From = to.Value, to.From
		case hasDefault:
			s.Value = def
		default:
			c.problem("%s: nothing says what ${%s} is; give the engine's environment with --env-file", s.From, name)
			if strings.ToUpper(name) == name { // a password can be asked for by that name
				s.From = settings.Origin{Kind: settings.Env, Name: name}
			}
			return s
		}
	}
	s.Value = c.resolveIn(c.Bag, s.Value)
	return s
}

// lookUp finds what a placeholder stands for: a setting, or a variable by its
// own name.
func (c *Config) lookUp(b *settings.Bag, name string) (settings.Setting, bool) {
	if name == "user.home" && c.opt.User != "" {
		return settings.Setting{Key: name, Value: c.opt.User}, true
	}
	if b != nil {
		if s, ok := b.Get(name); ok {
			return s, true
		}
	}
	return c.opt.Env.Get(name)
}

func (c *Config) resolveIn(b *settings.Bag, text string) string {
	for range 64 {
		start := strings.LastIndex(text, "${")
		if start < 0 {
			return text
		}
		end := strings.IndexByte(text[start:], '}')
		if end < 0 {
			return text
		}
		end += start
		name, def, hasDefault := strings.Cut(text[start+2:end], ":")
		value := def
		if s, ok := c.lookUp(b, name); ok {
			value = s.Value
		} else if !hasDefault {
			c.problem("nothing says what ${%s} is; give the engine's environment with --env-file", name)
			return text
		}
		if len(text)+len(value) > 1<<16 {
			return text
		}
		text = text[:start] + value + text[end+1:]
	}
	return text
}
