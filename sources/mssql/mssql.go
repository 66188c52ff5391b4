// Package mssql captures and restores SQL Server databases by the server's own
// BACKUP and RESTORE, told through the vendor's tool sqlcmd.
//
// Nouns:
//
//   - The exchange is one folder under two names: the server writes backups to
//     it by the one, this process reads them by the other.
//   - Logins live in the server, users in the database; a user whose login is
//     missing or another one is orphaned.
//
// The captured tree is database.bak, the server's backup, and logins.sql, which
// makes the logins of the database's users again, with their SIDs and password
// hashes.
//
// Promise: a backup never disturbs a chain of differential backups of others,
// is verified before it counts, and leaves no file on the server; the password
// stands in the environment of sqlcmd only.
package mssql

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"

	"ivyvault/sources"
	"ivyvault/sources/secret"
)

// Config says where a database is and how it is reached.
type Config struct {
	Server   string `yaml:"server"` // as sqlcmd takes it: "db1", "db1,1433", "db1\INSTANCE"
	Database string `yaml:"database"`
	// User and Password are those of a login; without a user sqlcmd takes the
	// account that it runs as.
	User     string       `yaml:"user"`
	Password secret.Value `yaml:"password"`
	// Exchange is a folder that the server writes to and this process reads.
	Exchange Exchange `yaml:"exchange"`
	// Target is the name under which the database is restored; empty is
	// Database. A second name is how a single table is fetched.
	Target string `yaml:"target"`
	// DataFolder and LogFolder are the server's folders for the files of a
	// restored database; empty is the server's own choice.
	DataFolder string `yaml:"data-folder"`
	LogFolder  string `yaml:"log-folder"`
	Sqlcmd     string `yaml:"sqlcmd"` // program; empty is sqlcmd
	// TrustCertificate accepts whatever certificate the server shows.
	TrustCertificate bool `yaml:"trust-certificate"`
}

// Exchange is one folder under its two names.
type Exchange struct {
	Server string `yaml:"server"` // as the server names it: "/backup", "D:\backup"; empty: as Local
	Local  string `yaml:"local"`  // as this process names it
}

// Env is what a part needs of its surroundings.
type Env struct {
	Scratch string // folder for scratch folders; "" is the system's
	Mask    *secret.Mask
	Log     func(line string) // nil: nobody listens
}

// Part captures and restores one database.
type Part struct {
	c   Config
	env Env
	now func() time.Time
}

var _ sources.Part = (*Part)(nil)

// New makes a part; c must be valid.
func New(c Config, env Env) *Part {
	if env.Mask == nil {
		env.Mask = &secret.Mask{}
	}
	if env.Log == nil {
		env.Log = func(string) {}
	}
	return &Part{c, env, time.Now}
}

// Validate reports what is wrong with the configuration as it stands.
func (c *Config) Validate() error {
	var bad []error
	if c.Server == "" || strings.HasPrefix(c.Server, "-") {
		bad = append(bad, errors.New("no SQL Server is named ('server:')"))
	}
	if c.Database == "" {
		bad = append(bad, errors.New("no database of the SQL Server is named ('database:')"))
	}
	if c.Exchange.Local == "" {
		bad = append(bad, errors.New("a SQL Server writes its backup to a folder of its own: name one that is seen from here too with 'exchange:' (server and local)"))
	}
	if strings.HasPrefix(c.User, "-") {
		bad = append(bad, errors.New("a user can't begin with a hyphen here: sqlcmd would take it for an option"))
	}
	if c.User != "" && c.Password.IsZero() {
		bad = append(bad, errors.New("a user is named without a password ('password:')"))
	}
	// sqlcmd itself reads line by line, whatever the quotes say.
	for what, s := range map[string]string{"server": c.Server, "database": c.Database, "target": c.Target, "user": c.User, "exchange": c.Exchange.Server + c.Exchange.Local, "data-folder": c.DataFolder, "log-folder": c.LogFolder} {
		if strings.ContainsFunc(s, unicode.IsControl) {
			bad = append(bad, fmt.Errorf("%s: holds a line end or another control character, which sqlcmd can't be told", what))
		}
	}
	return errors.Join(bad...)
}

// target is the name under which the database goes back.
func (c *Config) target() string {
	if c.Target != "" {
		return c.Target
	}
	return c.Database
}

// there returns the name of a file in the exchange as the server knows it.
func (c *Config) there(name string) string {
	switch s := c.Exchange.Server; {
	case s == "":
		return path.Join(c.Exchange.Local, name)
	default:
		return join(s, name)
	}
}

// join joins names as the system of the server does.
func join(folder, name string) string {
	if strings.Contains(folder, `\`) {
		return strings.TrimRight(folder, `\`) + `\` + name
	}
	return strings.TrimRight(folder, "/") + "/" + name
}

// literal is a string in Transact-SQL, name an identifier.
func literal(s string) string { return "N'" + strings.ReplaceAll(s, "'", "''") + "'" }
func name(s string) string    { return "[" + strings.ReplaceAll(s, "]", "]]") + "]" }

// plain makes a name fit for files.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, s)
}
