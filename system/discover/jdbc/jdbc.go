// Package jdbc reads JDBC URLs: which database they mean, in every form that
// the drivers of PostgreSQL, MySQL, MariaDB, SQL Server, Oracle and H2 take.
//
// Nouns:
//
//   - A URL is the database that a JDBC URL means. Its user and password may
//     stand in the JDBC URL; no text or error of this package repeats a password.
//
// Promise: any text gives a URL or an error; nothing is looked up or connected.
package jdbc

import (
	"fmt"
	"regexp"
	"strings"
)

// The types of databases, as a system's configuration names them.
const (
	PostgreSQL = "postgresql"
	MySQL      = "mysql"
	MariaDB    = "mariadb"
	SQLServer  = "sqlserver"
	Oracle     = "oracle"
	H2         = "h2"
)

// Host is one server of a URL. An empty Port is the driver's default.
type Host struct{ Name, Port string }

// Param is a parameter of a URL, its value as the driver sees it.
type Param struct{ Key, Value string }

// URL is what a JDBC URL means.
type URL struct {
	Type     string
	Hosts    []Host // in the order of the URL; none for a file or memory
	Database string // name, Oracle's service or SID, or H2's path as written
	SID      bool   // Oracle: Database is a SID
	Alias    bool   // Oracle: Database is a name that tnsnames.ora or a directory explains
	Instance string // SQL Server
	Mode     string // H2: file, mem, tcp, ssl, zip, classpath; Oracle: driver; else empty
	User     string
	Password string // "" where there is none in the URL
	Params   []Param
}

// UnknownError says that a URL is of a kind that can't be read.
type UnknownError struct{ Kind string }

func (e *UnknownError) Error() string {
	if e.Kind == "" {
		return "is no JDBC URL"
	}
	return fmt.Sprintf("is a JDBC URL of the kind %q, which no part of a system covers", e.Kind)
}

// FormError says what is wrong with a URL of a known kind.
type FormError struct{ Type, Said string }

func (e *FormError) Error() string { return "is a JDBC URL for " + e.Type + " that " + e.Said }

// wrappers are drivers that pass on to another one.
func wrappers() []string {
	return []string{"p6spy:", "log4jdbc:", "aws-wrapper:", "otel:", "jdbcdslog:"}
}

// Parse reads a JDBC URL.
func Parse(text string) (URL, error) {
	rest, ok := cutPrefixFold(strings.TrimSpace(text), "jdbc:")
	if !ok {
		if rest, ok = cutPrefixFold(strings.TrimSpace(text), "jdbc-secretsmanager:"); !ok {
			return URL{}, &UnknownError{}
		}
	}
	for _, w := range wrappers() {
		rest, _ = cutPrefixFold(rest, w)
	}
	kind, body, ok := strings.Cut(rest, ":")
	if !ok {
		return URL{}, &UnknownError{shortKind(kind)}
	}
	switch strings.ToLower(kind) {
	case "postgresql", "postgres", "pgsql":
		return postgres(body)
	case "mysql", "mysql+srv":
		return mysql(MySQL, body)
	case "mariadb":
		return mysql(MariaDB, body)
	case "sqlserver", "microsoft":
		body, _ = cutPrefixFold(body, "sqlserver:")
		return sqlServer(body)
	case "jtds":
		if body, ok = cutPrefixFold(body, "sqlserver:"); ok {
			return jtds(body)
		}
		return URL{}, &UnknownError{"jtds"}
	case "oracle":
		return oracle(body)
	case "h2":
		return h2(body)
	}
	return URL{}, &UnknownError{shortKind(kind)}
}

// shortKind keeps what is no word of a URL, and so might be anything, out of
// errors.
func shortKind(kind string) string {
	for _, r := range kind {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '+') {
			return "?"
		}
	}
	if len(kind) > 32 {
		return "?"
	}
	return kind
}

// DefaultPort returns the port that the drivers of a type take without one.
func DefaultPort(typ string) string {
	switch typ {
	case PostgreSQL:
		return "5432"
	case MySQL, MariaDB:
		return "3306"
	case SQLServer:
		return "1433"
	case Oracle:
		return "1521"
	}
	return ""
}

// Host returns the first server, its port filled in.
func (u URL) Host() Host {
	if len(u.Hosts) == 0 {
		return Host{}
	}
	h := u.Hosts[0]
	if h.Port == "" && u.Instance == "" { // an instance's port is asked of the server
		h.Port = DefaultPort(u.Type)
	}
	return h
}

// Param returns a parameter; letters may be large or small.
func (u URL) Param(key string) (string, bool) {
	for _, p := range u.Params {
		if strings.EqualFold(p.Key, key) {
			return p.Value, true
		}
	}
	return "", false
}

// String tells what the URL means in one line, without any password.
func (u URL) String() string {
	where := u.Database
	if len(u.Hosts) > 0 {
		h := u.Host()
		at := h.Name
		if h.Port != "" {
			at += ":" + h.Port
		}
		if u.Instance != "" {
			at += "\\" + u.Instance
		}
		where = at + "/" + u.Database
	}
	return u.Type + " " + where
}

// Place returns " at HOST/NAME" of a URL that Parse does not know, as far as
// that can be told without a secret; else "".
func Place(text string) string {
	form := regexp.MustCompile(`^jdbc:[a-z0-9:+.-]*//(?:[^/;?@]*@)?([\w.:\[\]-]+(?:/[\w.$-]+)?)`)
	if m := form.FindStringSubmatch(text); m != nil {
		return " at " + m[1]
	}
	return ""
}

// Secret reports whether a parameter of this name holds a secret, and not the
// place of one.
func Secret(key string) bool {
	key = strings.ToLower(key)
	for _, w := range []string{"file", "dir", "directory", "folder", "path", "location"} {
		if strings.HasSuffix(key, w) {
			return false
		}
	}
	for _, w := range []string{"password", "passwd", "pwd", "passphrase", "secret", "token", "credential", "cipherkey", "apikey", "accesskey", "access-key", "access_key", "privatekey", "keypass", "storepass"} {
		if strings.Contains(key, w) {
			return true
		}
	}
	return false
}

func (u *URL) add(key, value string) {
	switch strings.ToLower(key) {
	case "":
		return
	case "user", "username", "userid", "uid":
		u.User = value
	case "password", "pwd":
		u.Password = value
	default:
		u.Params = append(u.Params, Param{key, value})
	}
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}
