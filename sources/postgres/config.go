// Package postgres captures a PostgreSQL database and puts it back, the whole
// or one table.
//
// Nouns:
//
//   - The Part is one database of one server.
//   - The description, database.json, says what the captured files are: which
//     table lies in which file, how the database itself was defined.
//   - The archive is what pg_dump writes and pg_restore reads: a table of
//     contents and a file a table. Its files get stable, readable names in the
//     captured tree, and their own names again when they go back.
//
// Promise: all tables, large objects and counts are of one point in time, told
// by the server; a table that the user can't read wholly, by lack of rights or
// by row security, fails the capture before anything is dumped; passwords are
// neither on a command line nor in an error.
package postgres

import (
	"errors"
	"fmt"
	"time"

	"ivyvault/sources/secret"
	"ivyvault/sources/tables"
)

// Config says where a database is and how it is captured.
type Config struct {
	// Host is a name, an address, or the folder of a Unix socket. Without it
	// the default of PostgreSQL's own programs holds.
	Host string `yaml:"host"`
	// Port is 5432 if not given.
	Port int `yaml:"port"`
	// Database is captured; in a restore it is where things go.
	Database string `yaml:"database"`
	// Maintenance is the database from which others are created and dropped;
	// "postgres" if not given.
	Maintenance string `yaml:"maintenance"`
	// User connects. It must be able to read every table and large object.
	User string `yaml:"user"`
	// Password of the user; without it, the server must let the user in.
	Password secret.Value `yaml:"password"`
	// SSLMode is as in PostgreSQL: disable, allow, prefer, require, verify-ca,
	// verify-full.
	SSLMode string `yaml:"sslmode"`
	// SSLRootCert, SSLCert and SSLKey are paths of PEM files.
	SSLRootCert string `yaml:"sslrootcert"`
	SSLCert     string `yaml:"sslcert"`
	SSLKey      string `yaml:"sslkey"`
	// Programs is the folder of pg_dump and the like. Without it they are
	// looked for where distributions put them; those of the server's own
	// version are preferred.
	Programs string `yaml:"programs"`
	// Jobs is how many tables are dumped or restored at a time; 2 if not given.
	Jobs int `yaml:"jobs"`
	// Globals says how the roles of the server are captured and restored:
	// "auto" (with passwords where the user may read them), "no-passwords" or
	// "none".
	Globals string `yaml:"globals"`
	// NoOwner has a restore give everything to the user that connects, and
	// leave out privileges. It is for servers where one isn't superuser.
	NoOwner bool `yaml:"no-owner"`
	// LockWait is how long a table's lock is waited for; 5 minutes if not given.
	LockWait time.Duration `yaml:"lock-wait"`
	// Versions are look-ups of schema versions, beside those that are known.
	Versions []tables.Lookup `yaml:"versions"`
}

// The values of Config.Globals.
const (
	globalsAuto        = "auto"
	globalsNoPasswords = "no-passwords"
	globalsNone        = "none"
)

// Validate says what is wrong with a configuration.
func (c *Config) Validate() error {
	var errs []error
	if c.Database == "" {
		errs = append(errs, errors.New("'database' is missing: name the PostgreSQL database"))
	}
	if c.Port < 0 || c.Port > 65535 {
		errs = append(errs, fmt.Errorf("'port' is %d: it must lie between 1 and 65535", c.Port))
	}
	if c.Jobs < 0 || c.Jobs > 64 {
		errs = append(errs, fmt.Errorf("'jobs' is %d: it must lie between 1 and 64", c.Jobs))
	}
	if c.LockWait < 0 {
		errs = append(errs, fmt.Errorf("'lock-wait' is %v: it can't be less than nothing", c.LockWait))
	}
	switch c.SSLMode {
	case "", "disable", "allow", "prefer", "require", "verify-ca", "verify-full":
	default:
		errs = append(errs, fmt.Errorf("'sslmode' is %q: PostgreSQL knows disable, allow, prefer, require, verify-ca and verify-full", c.SSLMode))
	}
	switch c.Globals {
	case "", globalsAuto, globalsNoPasswords, globalsNone:
	default:
		errs = append(errs, fmt.Errorf("'globals' is %q: it must be auto, no-passwords or none", c.Globals))
	}
	for i := range c.Versions {
		errs = append(errs, c.Versions[i].Validate())
	}
	return errors.Join(errs...)
}

// defaults fills in what was not given.
func (c Config) defaults() Config {
	if c.Port == 0 {
		c.Port = 5432
	}
	if c.Jobs == 0 {
		c.Jobs = 2
	}
	if c.Maintenance == "" {
		c.Maintenance = "postgres"
	}
	if c.Globals == "" {
		c.Globals = globalsAuto
	}
	if c.LockWait == 0 {
		c.LockWait = 5 * time.Minute
	}
	return c
}

// where names the database for messages.
func (c *Config) where() string {
	host := c.Host
	if host == "" {
		host = "this host"
	}
	return fmt.Sprintf("the PostgreSQL database %q on %s, port %d", c.Database, host, c.Port)
}
