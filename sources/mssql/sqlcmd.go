package mssql

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"

	"ivyvault/sources/scratch"
	"ivyvault/sources/tool"
)

// session runs scripts by sqlcmd.
type session struct {
	*Part
	dir      *scratch.Dir
	password string
}

func (p *Part) session(ctx context.Context) (*session, error) {
	password, err := p.env.Mask.Reveal(ctx, p.c.Password)
	if err != nil {
		return nil, err
	}
	dir, err := scratch.New(p.env.Scratch, 0)
	if err != nil {
		return nil, err
	}
	return &session{p, dir, password}, nil
}

func (s *session) close() error { return s.dir.Close() }

// separator stands between the columns that sqlcmd prints.
const separator = "\x1f"

// run runs one batch and returns what it printed. sqlcmd is told to end at the
// first error, to replace no variables, to obey no commands of its own, and to
// print rows without headings, padding or line breaks.
func (s *session) run(ctx context.Context, script string) (string, error) {
	file := filepath.Join(s.dir.Path(), "batch.sql")
	if err := os.WriteFile(file, []byte("SET NOCOUNT ON;\n"+script), 0o600); err != nil {
		return "", err
	}
	program := s.c.Sqlcmd
	if program == "" {
		program = "sqlcmd"
	}
	argv := []string{program, "-S", s.c.Server, "-d", "master", "-b", "-r0", "-x", "-X1", "-I", "-l", "30", "-h", "-1", "-W", "-w", "65535", "-s", separator, "-i", file}
	env := []string{"SQLCMDINI=", "SQLCMDUSER=", "SQLCMDPASSWORD="}
	if s.c.User != "" {
		argv = append(argv, "-U", s.c.User)
		env[2] += s.password
	} else {
		argv = append(argv, "-E")
	}
	if s.c.TrustCertificate {
		argv = append(argv, "-C")
	}
	out, err := tool.Command{Argv: argv, Env: env, Mask: s.env.Mask, Said: s.env.Log}.Output(ctx)
	return out, s.explained(err)
}

// explained adds what the user can do about an error of the server.
func (s *session) explained(err error) error {
	var e *tool.Error
	if !errors.As(err, &e) {
		return err
	}
	for number, advice := range map[string]string{
		"Msg 18456,": "the login is refused: its name or its password is wrong",
		"Msg 911,":   "there is no such database, or the login may not see it",
		"Msg 3201,":  "the server can't open the backup file: its account needs the right to write to the exchange folder, and 'exchange: server' must be the server's own name of it",
		"Msg 262,":   "the login lacks a right: BACKUP DATABASE needs db_backupoperator, RESTORE dbcreator",
		"Msg 3169,":  "the backup was made by a newer SQL Server",
		"Msg 33111,": "the database is encrypted, and the server lacks the certificate: restore that first",
	} {
		if strings.Contains(e.Said, number) {
			return fmt.Errorf("%s: %w", advice, err)
		}
	}
	return err
}

// rows runs a query whose columns are texts. They come in hexadecimal digits,
// so that no name can look like two, or like something else that is printed.
func (s *session) rows(ctx context.Context, database string, columns []string, from string) ([][]string, error) {
	out, err := s.run(ctx, query(database, columns, from))
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for line := range strings.Lines(out) {
		rest, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), mark)
		if !ok {
			continue // a message of the server
		}
		row := strings.Split(rest, "|")[1:]
		if len(row) != len(columns) {
			return nil, fmt.Errorf("sqlcmd printed %d columns instead of %d", len(row), len(columns))
		}
		for i := range row {
			if row[i], err = decode(row[i]); err != nil {
				return nil, err
			}
		}
		rows = append(rows, row)
	}
	if !strings.Contains(out, end) {
		return nil, errors.New("sqlcmd ended before the end of its answer")
	}
	return rows, nil
}

const (
	mark = "ivyvault row"
	end  = "ivyvault end"
)

// query writes a batch that prints rows. PRINT cuts nothing off at less than
// 8,000 characters, and is not laid out.
func query(database string, columns []string, from string) string {
	var b strings.Builder
	if database != "" {
		fmt.Fprintf(&b, "USE %s;\n", name(database))
	}
	fmt.Fprintf(&b, "DECLARE @line varchar(8000);\nDECLARE answer CURSOR LOCAL FAST_FORWARD FOR\nSELECT '%s'", mark)
	for _, c := range columns {
		fmt.Fprintf(&b, "\n + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), %s)), 2), '')", c)
	}
	fmt.Fprintf(&b, "\n%s;\nOPEN answer;\nFETCH NEXT FROM answer INTO @line;\nWHILE @@FETCH_STATUS = 0\nBEGIN\nPRINT @line;\nFETCH NEXT FROM answer INTO @line;\nEND;\nCLOSE answer;\nDEALLOCATE answer;\nPRINT '%s';\n", from, end)
	return b.String()
}

// decode reads the digits of a text in UTF-16, least byte first.
func decode(digits string) (string, error) {
	p, err := hex.DecodeString(digits)
	if err != nil || len(p)%2 != 0 {
		return "", fmt.Errorf("sqlcmd printed %q where a text in hexadecimal digits was expected", digits)
	}
	units := make([]uint16, len(p)/2)
	for i := range units {
		units[i] = uint16(p[2*i]) | uint16(p[2*i+1])<<8
	}
	return string(utf16.Decode(units)), nil
}

// table runs a statement that has a result of its own, and returns its rows.
func (s *session) table(ctx context.Context, statement string, least int) ([][]string, error) {
	out, err := s.run(ctx, statement+"\n")
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for line := range strings.Lines(out) {
		if row := strings.Split(strings.TrimRight(line, "\r\n"), separator); len(row) >= least {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("the server answered nothing to %s", statement)
	}
	return rows, nil
}
