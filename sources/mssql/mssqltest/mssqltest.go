// Package mssqltest is a stand-in for sqlcmd and the SQL Server behind it.
//
// It reads the options and the batch that it is given, statement by statement,
// and fails on any option, statement, clause or query that it does not know. It
// keeps databases as a file of JSON, and writes and reads backups of its own
// kind under the names that the server would use. It proves what this program
// says, not what a real server makes of it.
package mssqltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// State is the server's.
type State struct {
	Version, Edition string
	Password         string // of the login sa
	Server, Local    string // the exchange folder's two names
	Logins           map[string]*Login
	Databases        map[string]*Database
	Fault            string // "die in backup", "bad backup", "no hashes"
}

// Login is one of the server's.
type Login struct {
	Type, SID, Hash             string
	Policy, Expiration, Disable bool
	Roles                       []string
}

// Database is what a backup holds.
type Database struct {
	State  string
	Files  []File
	Tables map[string][][]string // "schema.table"
	Users  map[string]string     // name to SID
	Single bool                  // SINGLE_USER
	TDE    bool
}

// File is one file of a database.
type File struct{ Logical, Physical, Type string }

// backup is what the stand-in writes for database.bak.
type backup struct {
	Major    string
	Name     string
	Checksum bool
	Database *Database
	End      string // there where it is whole
}

// Load and Save read and write the server's state.
func Load(file string) (*State, error) {
	p, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &State{}
	return s, json.Unmarshal(p, s)
}

// Save writes the state.
func (s *State) Save(file string) error {
	p, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, p, 0o600)
}

// Main is the program: it runs the batch that the arguments name over the state
// in the file, and returns its exit code. What it ran is appended to file.log.
func Main(file string, args []string) int {
	s, err := Load(file)
	if err == nil {
		err = s.command(file, args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (s *State) command(file string, args []string) error {
	alone := []string{"-b", "-r0", "-x", "-X1", "-I", "-W", "-C", "-E"}
	valued := []string{"-S", "-d", "-l", "-h", "-w", "-s", "-i", "-U"}
	opt := map[string]string{}
	for i := 0; i < len(args); i++ {
		switch {
		case slices.Contains(alone, args[i]):
			opt[args[i]] = "yes"
		case slices.Contains(valued, args[i]) && i+1 < len(args):
			opt[args[i]] = args[i+1]
			i++
		default:
			return fault("Sqlcmd: '%s': Unknown Option", args[i])
		}
	}
	for o, want := range map[string]string{"-b": "yes", "-r0": "yes", "-x": "yes", "-X1": "yes", "-I": "yes", "-W": "yes", "-h": "-1", "-w": "65535", "-s": "\x1f", "-d": "master", "-S": "db1,1433"} {
		if opt[o] != want {
			return fault("Sqlcmd: the option %s is %q instead of %q", o, opt[o], want)
		}
	}
	if opt["-U"] != "sa" || os.Getenv("SQLCMDPASSWORD") != s.Password {
		return fault("Msg 18456, Level 14, State 1, Server db1, Line 1\nLogin failed for user '%s'.", opt["-U"])
	}
	info, err := os.Stat(opt["-i"])
	if err != nil {
		return err
	}
	if info.Mode().Perm() != 0o600 {
		return fmt.Errorf("the batch can be read by others: %v", info.Mode())
	}
	text, err := os.ReadFile(opt["-i"])
	if err != nil {
		return err
	}
	if err := logged(file+".log", string(text)); err != nil {
		return err
	}
	b := &batch{s: s, p: parser{list: tokens(string(text))}, database: "master", file: file}
	err = b.run()
	return errors.Join(err, s.Save(file))
}

func logged(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(strings.TrimSpace(text) + "\n--\n")
	return errors.Join(err, f.Close())
}

// local maps the server's name of a file.
func (s *State) local(name string) (string, error) {
	rest, ok := strings.CutPrefix(name, s.Server)
	rest = strings.TrimLeft(rest, `/\`)
	if !ok || rest == "" || strings.ContainsAny(rest, `/\`) {
		return "", fault("Msg 3201, Level 16, State 1, Server db1, Line 1\nCannot open backup device '%s'. Operating system error 3(The system cannot find the path specified.).", name)
	}
	return filepath.Join(s.Local, rest), nil
}

// fault is an error in the words of the program that is stood in for.
func fault(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return errors.New(text)
}
