package h2

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// place is what a JDBC URL says.
type place struct {
	server     string // "tcp://host:port" of a server's URL, else ""
	path       string // of the database, without .mv.db; as the server names it where there is one
	autoServer bool
	settings   string // those that a connection of ours keeps: ";CIPHER=AES"
}

// URLError says that a JDBC URL names nothing that can be captured.
type URLError struct{ Why string }

func (e *URLError) Error() string { return "the H2 URL " + e.Why }

// kept are the settings that change what a database's contents mean. Others
// (what to run first, when to close, how to lock) are the engine's affair.
var kept = [...]string{"CIPHER", "MODE", "DATABASE_TO_UPPER", "DATABASE_TO_LOWER", "CASE_INSENSITIVE_IDENTIFIERS", "NON_KEYWORDS", "IGNORECASE", "DEFAULT_NULL_ORDERING"}

func (c *Config) place() (place, error) {
	rest, ok := strings.CutPrefix(c.URL, "jdbc:h2:")
	if !ok {
		return place{}, &URLError{"does not begin with jdbc:h2:"}
	}
	name, settings, _ := strings.Cut(rest, ";")
	var p place
	if err := p.take(settings); err != nil {
		return place{}, err
	}
	scheme, after, _ := strings.Cut(name, ":")
	switch {
	case scheme == "mem":
		return place{}, &URLError{"names a database in memory, of which nothing is left when its engine stops: there is nothing to back up"}
	case scheme == "tcp" || scheme == "ssl":
		u, err := url.Parse(name)
		if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
			return place{}, &URLError{"names a server, but not as tcp://host:port/path of the database"}
		}
		p.server, p.path = scheme+"://"+u.Host, strings.TrimPrefix(name, scheme+"://"+u.Host+"/")
		return p, nil
	case scheme == "file" || scheme == "nio" || scheme == "async":
		name = strings.TrimPrefix(after, "//")
		if strings.HasPrefix(after, "///") {
			name = after[2:]
		}
	case len(scheme) > 1 && strings.Contains(name, ":") && !strings.ContainsAny(scheme, "/~."):
		return place{}, &URLError{fmt.Sprintf("names a store of the kind %q, which is not known here: known are files, tcp: and ssl:", scheme)}
	}
	if name == "" {
		return place{}, &URLError{"names no database"}
	}
	p.path = c.resolve(name)
	return p, nil
}

// take reads the settings after the first semicolon.
func (p *place) take(settings string) error {
	for s := range strings.SplitSeq(settings, ";") {
		key, value, _ := strings.Cut(s, "=")
		key = strings.ToUpper(strings.TrimSpace(key))
		switch key {
		case "PASSWORD", "USER":
			return &URLError{"holds a user or a password: these have keys of their own, 'user:' and 'password:'"}
		case "AUTO_SERVER":
			p.autoServer = strings.EqualFold(value, "true")
		case "MV_STORE":
			if strings.EqualFold(value, "false") {
				return errPageStore
			}
		}
		for _, k := range kept {
			if k == key {
				p.settings += ";" + key + "=" + value
			}
		}
	}
	return nil
}

var errPageStore = errors.New("the database is kept in H2's old page store (.h2.db), which can't be captured safely: have the engine move it to the MVStore, by SCRIPT and RUNSCRIPT, first")

func (c *Config) resolve(name string) string {
	switch rest, home := strings.CutPrefix(name, "~/"); {
	case home && c.Home != "":
		return filepath.Join(c.Home, rest)
	case home || filepath.IsAbs(name):
		return filepath.Clean(name)
	case c.Base != "":
		return filepath.Join(c.Base, name)
	}
	return name
}

// file is the name of the database's file.
func (p place) file() string { return p.path + suffix }

// where is the database in words.
func (p place) where() string {
	if p.server != "" {
		return "the H2 database " + p.path + " on " + p.server
	}
	return "the H2 database " + p.file()
}
