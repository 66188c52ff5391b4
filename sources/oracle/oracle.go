// Package oracle captures and restores schemas of an Oracle database by Data
// Pump: expdp and impdp, told by parameter files, and sqlplus for questions.
//
// Nouns:
//
//   - The directory is one folder under three names: the database knows it as a
//     DIRECTORY object, its host by a path, this process by another.
//   - A job is one run of Data Pump. It lives in the database, so that a client
//     that ends does not end it; it has a name here by which it is stopped.
//
// The captured tree is export_NN.dmp, the dump files, and export.log, what the
// database said while it wrote them.
//
// Promise: an export is of one moment; whatever else than success the log says
// is a failure; nothing is left in the directory, and no job in the database;
// the password stands in files of mode 0600 and on pipes only.
package oracle

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/secret"
)

// Config says where schemas are and how they are reached.
type Config struct {
	// Connect is what stands behind the @: "//db1:1521/ORCLPDB1" or a name of
	// tnsnames.ora.
	Connect string `yaml:"connect"`
	// User and Password; without a user a wallet is used, which knows Connect.
	User     string       `yaml:"user"`
	Password secret.Value `yaml:"password"`
	Schemas  []string     `yaml:"schemas"` // as the database spells them: AXONIVY
	// Directory is the name of the DIRECTORY object, Local the same folder as
	// this process sees it.
	Directory string `yaml:"directory"`
	Local     string `yaml:"local"`
	// Parallel is the number of workers; it is used on an Enterprise Edition
	// only, since the others have one.
	Parallel int `yaml:"parallel"`
	// OracleHome is where expdp, impdp and sqlplus are (in bin) and what
	// ORACLE_HOME is set to; empty is the PATH.
	OracleHome string `yaml:"oracle-home"`
	// RemapSchema and RemapTablespace give schemas and tablespaces other names
	// where they are restored.
	RemapSchema     map[string]string `yaml:"remap-schema"`
	RemapTablespace map[string]string `yaml:"remap-tablespace"`
}

// Env is what a part needs of its surroundings.
type Env struct {
	Scratch string // folder for scratch folders; "" is the system's
	Mask    *secret.Mask
	Log     func(line string) // nil: nobody listens
}

// Part captures and restores the schemas of one database.
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

// connecting is what may stand behind the @, in a parameter file and on
// sqlplus's input alike.
var connecting = regexp.MustCompile(`^[A-Za-z0-9_./:,?=&()\[\]-]+$`)

// Validate reports what is wrong with the configuration as it stands.
func (c *Config) Validate() error {
	var bad []error
	if !connecting.MatchString(c.Connect) {
		bad = append(bad, errors.New("connect: is no name of an Oracle database like //host:1521/service"))
	}
	if c.User != "" && c.Password.IsZero() {
		bad = append(bad, errors.New("a user is named without a password ('password:')"))
	}
	if len(c.Schemas) == 0 {
		bad = append(bad, errors.New("no schemas are named ('schemas:')"))
	}
	if c.Directory == "" || c.Local == "" {
		bad = append(bad, errors.New("there is no DIRECTORY of the database, which Data Pump writes to: name it with 'directory:', and the folder as it is seen from here with 'local:'"))
	}
	names := slices.Concat(c.Schemas, []string{c.User, c.Directory}, slices.Collect(maps.Keys(c.RemapSchema)), slices.Collect(maps.Values(c.RemapSchema)), slices.Collect(maps.Keys(c.RemapTablespace)), slices.Collect(maps.Values(c.RemapTablespace)))
	for _, n := range names {
		if strings.ContainsFunc(n, func(r rune) bool { return r < ' ' || r == '"' }) {
			bad = append(bad, fmt.Errorf("%q can't be a name in an Oracle database: it has a double quote or a control character", n))
		}
	}
	if c.Parallel < 0 {
		bad = append(bad, errors.New("parallel: is negative"))
	}
	return errors.Join(bad...)
}

// quote is an identifier that keeps its spelling.
func quote(s string) string { return `"` + s + `"` }

// literal is a string in SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// job names this part's jobs and files: the same for the same schemas, so that
// what a killed run left is found again.
func (c *Config) job(verb string) string {
	h := uint32(2166136261)
	for _, b := range []byte(strings.Join(append([]string{c.Connect}, c.Schemas...), "\x00")) {
		h = (h ^ uint32(b)) * 16777619
	}
	return fmt.Sprintf("IVYVAULT_%s_%08X", verb, h)
}

// mapped is what a schema is called at the target.
func (c *Config) mapped(schema string) string {
	if to, ok := c.RemapSchema[schema]; ok {
		return to
	}
	return schema
}
