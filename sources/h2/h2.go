// Package h2 captures and restores H2 databases.
//
// Nouns:
//
//   - Online: the database's process lets others in, by AUTO_SERVER=TRUE or as
//     a server. It is asked for SCRIPT and BACKUP, and is not disturbed.
//   - Cold: nobody has the database open. Its file is copied, and everything
//     else is done with the copy.
//   - Held: a process has the file open and lets nobody in. That is refused: a
//     copy of such a file may be torn.
//
// The captured tree is script.sql, which is SQL to read and to run, users and
// their password hashes included, and NAME.mv.db, the database itself.
//
// Promise: the database's own file is never opened by anything but its own
// process; the file that was captured was opened once, as a copy, and found
// whole; no password stands on a command line.
package h2

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/secret"
)

// Config says where a database is and how it is talked to.
type Config struct {
	// URL is the JDBC URL as the engine has it: jdbc:h2:./data/x;AUTO_SERVER=TRUE.
	URL string `yaml:"url"`
	// User and Password are those of an administrator of the database: SCRIPT
	// and BACKUP ask for one.
	User     string       `yaml:"user"`
	Password secret.Value `yaml:"password"`
	// Base is the folder that a relative path in the URL starts from: where the
	// engine is started. Home is what ~ stands for; the engine's user's home.
	Base string `yaml:"base"`
	Home string `yaml:"home"`
	// Installation is the engine's folder. H2's jar, and a Java where one comes
	// with the engine, are looked for in it. Jar and Java name them outright.
	Installation string `yaml:"installation"`
	Jar          string `yaml:"jar"`
	Java         string `yaml:"java"`
	// Exchange is a folder that the database's process can write to and this
	// one can read. Without it the database file's own folder is used; it is
	// needed for a server on other paths (in a container) only.
	Exchange Exchange `yaml:"exchange"`
	// Restore says how a database goes back: "file" places the .mv.db itself,
	// "script" runs script.sql, which other versions of H2 understand too. Empty
	// is the script where the database was in use when it was captured, since
	// that is of one moment, and else the file where it can be.
	Restore string `yaml:"restore"`
}

// Exchange is one folder under its two names.
type Exchange struct {
	Server string `yaml:"server"` // as the database's process names it; empty: as Local
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
	return &Part{c, env}
}

// Validate reports what is wrong with the configuration as it stands, without
// looking at anything else.
func (c *Config) Validate() error {
	at, err := c.place()
	if err != nil {
		return err
	}
	var bad []error
	if at.server == "" && !filepath.IsAbs(at.path) {
		bad = append(bad, errors.New("the path in the H2 URL is relative: name the folder that it starts from with 'base:' (or 'home:' for ~)"))
	}
	if c.User == "" {
		bad = append(bad, errors.New("no user of the H2 database is named ('user:')"))
	}
	if c.Jar == "" && c.Installation == "" {
		bad = append(bad, errors.New("name H2's jar with 'jar:', or the folder of the engine, in which it lies, with 'installation:'"))
	}
	if c.Exchange.Server != "" && c.Exchange.Local == "" {
		bad = append(bad, errors.New("exchange: 'server' without 'local': both are names of one folder"))
	}
	if c.Restore != "" && c.Restore != "file" && c.Restore != "script" {
		bad = append(bad, errors.New("restore: is neither file nor script"))
	}
	return errors.Join(bad...)
}

// literal is a string in SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quote is an identifier in SQL.
func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// suffix ends the names of database files.
const suffix = ".mv.db"

// scriptName is the name of the script in the captured tree.
const scriptName = "script.sql"

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
