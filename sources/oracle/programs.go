package oracle

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ivyvault/sources/scratch"
	"ivyvault/sources/tool"
)

// session runs Oracle's programs.
type session struct {
	*Part
	dir   *scratch.Dir
	login string // user/"password"@connect
}

func (p *Part) session(ctx context.Context) (*session, error) {
	password, err := p.env.Mask.Reveal(ctx, p.c.Password)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(password, "\"\r\n") {
		return nil, errors.New("the password of the Oracle user holds a double quote or a line end, which Oracle's programs can't be told")
	}
	dir, err := scratch.New(p.env.Scratch, 0)
	if err != nil {
		return nil, err
	}
	login := "/@" + p.c.Connect
	if p.c.User != "" {
		login = quote(p.c.User) + "/" + quote(password) + "@" + p.c.Connect
	}
	return &session{p, dir, login}, nil
}

func (s *session) close() error { return s.dir.Close() }

func (s *session) command(program string, args ...string) tool.Command {
	env := []string{"NLS_LANG=AMERICAN_AMERICA.AL32UTF8"} // what is said is parsed
	if s.c.OracleHome != "" {
		program = filepath.Join(s.c.OracleHome, "bin", program)
		env = append(env, "ORACLE_HOME="+s.c.OracleHome)
	}
	return tool.Command{Argv: append([]string{program}, args...), Env: env, Dir: s.dir.Path(), Mask: s.env.Mask, Said: s.env.Log}
}

const (
	mark = "ivyvault row"
	end  = "ivyvault end"
)

// sql runs statements by sqlplus, which gets login and statements on its input.
func (s *session) sql(ctx context.Context, statements string) (string, error) {
	cmd := s.command("sqlplus", "-S", "-L", "/nolog")
	cmd.Stdin = strings.NewReader("SET DEFINE OFF ECHO OFF VERIFY OFF FEEDBACK OFF HEADING OFF PAGESIZE 0 LINESIZE 32767 TRIMOUT ON SQLBLANKLINES ON\n" +
		"WHENEVER OSERROR EXIT FAILURE\nWHENEVER SQLERROR EXIT FAILURE\n" +
		"CONNECT " + s.login + "\n" + statements + "PROMPT " + end + "\nEXIT SUCCESS\n")
	var answer strings.Builder
	cmd.Said = func(line string) { answer.WriteString(line + "\n") } // sqlplus tells errors on standard output too
	err := cmd.Run(ctx)
	out := answer.String()
	if said := complaint(out); said != "" {
		return "", explained(said)
	}
	if err != nil {
		return "", err
	}
	if !strings.Contains(out, end) {
		return "", errors.New("sqlplus ended before the end of its answer")
	}
	return out, nil
}

// rows asks for texts; they come as hexadecimal digits of UTF-8.
func (s *session) rows(ctx context.Context, columns []string, from string) ([][]string, error) {
	q := "SELECT '" + mark + "'"
	for _, c := range columns {
		q += " || '|' || RAWTOHEX(UTL_I18N.STRING_TO_RAW(TO_CHAR(" + c + "), 'AL32UTF8'))"
	}
	out, err := s.sql(ctx, q+"\n"+from+";\n")
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for line := range strings.Lines(out) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), mark)
		if !ok {
			continue
		}
		row := strings.Split(rest, "|")[1:]
		if len(row) != len(columns) {
			return nil, fmt.Errorf("sqlplus printed %d columns instead of %d", len(row), len(columns))
		}
		for i := range row {
			p, err := hex.DecodeString(row[i])
			if err != nil {
				return nil, fmt.Errorf("sqlplus printed %q where hexadecimal digits were expected", row[i])
			}
			row[i] = string(p)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// complaint returns the first line that tells of an error.
func complaint(out string) string {
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "ORA-") || strings.HasPrefix(line, "SP2-") || strings.HasPrefix(line, "PLS-") || strings.HasPrefix(line, "UDE-") || strings.HasPrefix(line, "UDI-") || strings.HasPrefix(line, "LRM-") {
			return line
		}
	}
	return ""
}

// explained adds what the user can do.
func explained(said string) error {
	for code, advice := range map[string]string{
		"ORA-01017": "the login is refused: user or password is wrong",
		"ORA-12154": "the name of the database in 'connect:' is not known",
		"ORA-12541": "no listener answers there: is the database running?",
		"ORA-39002": "Data Pump was given something it can't do; the lines after it in the log say what",
		"ORA-39087": "the DIRECTORY object is not there, or the user may not use it: CREATE DIRECTORY, GRANT READ, WRITE ON DIRECTORY",
		"ORA-39070": "the database can't write to the folder of the DIRECTORY",
		"ORA-01555": "the undo of the database did not reach back to the beginning of the export: raise UNDO_RETENTION, or export at a quieter time",
		"ORA-31631": "the user lacks the right: GRANT DATAPUMP_EXP_FULL_DATABASE (to restore: DATAPUMP_IMP_FULL_DATABASE)",
	} {
		if strings.HasPrefix(said, code) {
			return fmt.Errorf("%s: the database says: %s", advice, said)
		}
	}
	return fmt.Errorf("the database says: %s", said)
}

// pump runs a job of Data Pump. Where its client is stopped, so is the job. It
// returns all that was said.
func (s *session) pump(ctx context.Context, program, job string, parameters []string) (string, error) {
	file := filepath.Join(s.dir.Path(), program+".par")
	text := "userid=" + s.login + "\n" + strings.Join(parameters, "\n") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	cmd := s.command(program, "parfile="+file)
	var said strings.Builder
	cmd.Said = func(line string) {
		s.env.Log(line)
		said.WriteString(line + "\n")
	}
	err := cmd.Run(ctx) // it prints all on standard error, or to the other, which goes there too
	if err != nil && (ctx.Err() != nil || !strings.Contains(said.String(), "Job ")) {
		return said.String(), errors.Join(firstOf(said.String(), err), s.stop(ctx, job))
	}
	return said.String(), nil
}

// firstOf words an error by what Oracle said, where it said anything.
func firstOf(said string, err error) error {
	if c := complaint(said); c != "" {
		return errors.Join(explained(c), err)
	}
	return err
}

// patience bounds the stopping of a job.
const patience = time.Minute

// stop ends a job that its client left behind. A job that is not there is no
// error: it never began, or ended with its client.
func (s *session) stop(ctx context.Context, job string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_, err := s.sql(ctx, "DECLARE\n  job NUMBER;\nBEGIN\n  job := DBMS_DATAPUMP.ATTACH("+literal(job)+", USER);\n  DBMS_DATAPUMP.STOP_JOB(job, 1, 0, 0);\nEXCEPTION\n  WHEN OTHERS THEN\n    IF SQLCODE NOT IN (-31626, -39001, -39002) THEN\n      RAISE;\n    END IF;\nEND;\n/\n")
	if err != nil {
		return fmt.Errorf("the job %s may still run in the database, stop it there: %w", job, err)
	}
	return nil
}
