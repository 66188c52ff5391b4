// Package mysql captures a database of MariaDB or MySQL and puts it back, the
// whole or one table.
//
// Nouns:
//
//   - The Part is one database (schema) of one server.
//   - The description, database.json, says what the captured files are.
//   - A table's file is a script of its own: its definition and its rows. The
//     routines, events, views, triggers and users have scripts beside it.
//
// Promise: all rows are of one point in time, as long as tables are InnoDB's;
// others are refused, or named in the notes where the configuration allows
// them. Rows are counted in what was written, not asked for elsewhere. Passwords
// are neither on a command line nor in an error.
package mysql

import (
	"errors"
	"fmt"

	"ivyvault/sources/secret"
	"ivyvault/sources/tables"
)

// Config says where a database is and how it is captured.
type Config struct {
	// Host and Port are the server's; port 3306 if not given.
	Host string `yaml:"host"`
	Port int    `yaml:"port"`
	// Socket is the path of a Unix socket, in place of Host.
	Socket string `yaml:"socket"`
	// Database is captured; in a restore it is where things go.
	Database string `yaml:"database"`
	// User connects.
	User string `yaml:"user"`
	// Password of the user; without it, the server must let the user in.
	Password secret.Value `yaml:"password"`
	// SSLCA, SSLCert and SSLKey are paths of PEM files. With SSLCA the server
	// must prove that it is the named host.
	SSLCA   string `yaml:"ssl-ca"`
	SSLCert string `yaml:"ssl-cert"`
	SSLKey  string `yaml:"ssl-key"`
	// Programs is the folder of mariadb-dump or mysqldump; PATH if not given.
	Programs string `yaml:"programs"`
	// Users says whether accounts and their rights are captured and restored:
	// "auto" (where the user may read them) or "none".
	Users string `yaml:"users"`
	// NonTransactional says what is done about tables that no transaction
	// protects, as those of MyISAM: "refuse", if not given, or "note".
	NonTransactional string `yaml:"non-transactional"`
	// Versions are look-ups of schema versions, beside those that are known.
	Versions []tables.Lookup `yaml:"versions"`
}

// Validate says what is wrong with a configuration.
func (c *Config) Validate() error {
	var errs []error
	if c.Database == "" {
		errs = append(errs, errors.New("'database' is missing: name the MariaDB or MySQL database"))
	}
	if c.Port < 0 || c.Port > 65535 {
		errs = append(errs, fmt.Errorf("'port' is %d: it must lie between 1 and 65535", c.Port))
	}
	if c.Host != "" && c.Socket != "" {
		errs = append(errs, errors.New("'host' and 'socket' are both given: one of them says where the server is"))
	}
	if c.Users != "" && c.Users != "auto" && c.Users != "none" {
		errs = append(errs, fmt.Errorf("'users' is %q: it must be auto or none", c.Users))
	}
	if c.NonTransactional != "" && c.NonTransactional != "refuse" && c.NonTransactional != "note" {
		errs = append(errs, fmt.Errorf("'non-transactional' is %q: it must be refuse or note", c.NonTransactional))
	}
	for i := range c.Versions {
		errs = append(errs, c.Versions[i].Validate())
	}
	return errors.Join(errs...)
}

// where names the database for messages.
func (c *Config) where() string {
	at := fmt.Sprintf("%s, port %d", c.Host, c.Port)
	if c.Socket != "" {
		at = c.Socket
	}
	return fmt.Sprintf("the database %q on %s", c.Database, at)
}
