// Package oracletest is a stand-in for expdp, impdp and sqlplus, and for the
// database behind them.
//
// It reads parameter files, statements and the login as they are given, and
// fails on any parameter, value, statement or query that it does not know. It
// keeps schemas as a file of JSON and writes dump files of its own kind. It
// proves what this program says, not what a real database makes of it.
package oracletest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// State is the database's.
type State struct {
	Version, Banner string
	User, Password  string
	Connect         string
	Roles           []string
	Directory, Path string // the DIRECTORY object and its folder, as this machine names it
	Schemas         map[string]map[string][][]string
	Jobs            []string // that run without a client
	Fault           string   // "die in export", "snapshot too old", "one table fails"
}

// Load reads a state.
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

// Main is the programs: it does what the one of this name does, over the state
// in the file, and returns the exit code. What it was told is appended to
// file.log.
func Main(file, program string, args []string) int {
	s, err := Load(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	switch filepath.Base(program) {
	case "sqlplus":
		err = s.sqlplus(file, args)
	case "expdp", "impdp":
		err = s.pump(file, filepath.Base(program), args)
	default:
		err = fmt.Errorf("there is no program %s", program)
	}
	err = errors.Join(err, s.Save(file))
	if err != nil {
		fmt.Println(err)
		return 5
	}
	return 0
}

func logged(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "--\n")
	return errors.Join(err, f.Close())
}

// login checks user/"password"@connect.
func (s *State) login(text string) error {
	if text != `"`+s.User+`"/"`+s.Password+`"@`+s.Connect {
		return fault("ORA-01017: invalid username/password; logon denied")
	}
	return nil
}

// fault is an error in the words of the program that is stood in for.
func fault(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return errors.New(text)
}
