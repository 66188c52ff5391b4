package mysql

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ivyvault/sources/tool"
)

// session is how programs reach the server: by an option file that only we can
// read, which holds the password, and is their first option.
type session struct {
	part    *Part
	options string // path
	client  string // mariadb or mysql
}

// open writes the option file and finds a client.
func (p *Part) open(ctx context.Context, dir string) (*session, error) {
	password, err := p.env.Mask.Reveal(ctx, p.cfg.Password)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("[client]\n")
	add := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s=\"%s\"\n", key, strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(value))
		}
	}
	add("user", p.cfg.User)
	add("password", password)
	if p.cfg.Socket != "" {
		add("socket", p.cfg.Socket)
	} else {
		add("host", p.cfg.Host)
		add("port", strconv.Itoa(p.cfg.Port))
		add("protocol", "tcp")
	}
	add("ssl-ca", p.cfg.SSLCA)
	add("ssl-cert", p.cfg.SSLCert)
	add("ssl-key", p.cfg.SSLKey)
	s := &session{part: p, options: filepath.Join(dir, "options.cnf")}
	if s.client, _, err = p.find(ctx, "mariadb", "mysql"); err != nil {
		return nil, err
	}
	if p.cfg.SSLCA != "" {
		// MariaDB's programs and MySQL's name this differently.
		if strings.Contains(filepath.Base(s.client), "mariadb") {
			b.WriteString("ssl-verify-server-cert\n")
		} else {
			b.WriteString("ssl-mode=VERIFY_IDENTITY\n")
		}
	}
	return s, os.WriteFile(s.options, []byte(b.String()), 0o600)
}

// find returns the first of some programs that is there, and what it says its
// version is.
func (p *Part) find(ctx context.Context, names ...string) (path, version string, err error) {
	for _, name := range names {
		path = name
		if p.cfg.Programs != "" {
			path = filepath.Join(p.cfg.Programs, name)
		}
		if version, err = (tool.Command{Argv: []string{path, "--version"}}).Output(ctx); err == nil {
			return path, strings.TrimSpace(version), nil
		}
	}
	return "", "", fmt.Errorf("none of the programs %s can be run: install the client programs of the server, or name their folder with 'programs:'; %w", strings.Join(names, ", "), err)
}

// command is a program that talks to the server.
func (s *session) command(program string, args ...string) tool.Command {
	argv := append([]string{program, "--defaults-extra-file=" + s.options, "--default-character-set=utf8mb4"}, args...)
	return tool.Command{Argv: argv, Said: s.part.env.Log, Mask: s.part.env.Mask}
}

// query runs one statement and returns its rows.
func (s *session) query(ctx context.Context, sql string) ([][]string, error) {
	c := s.command(s.client, "--batch", "--skip-column-names")
	c.Stdin = strings.NewReader(sql + ";\n")
	out, err := c.Output(ctx)
	if err != nil {
		return nil, err
	}
	return parseRows(out), nil
}

// one runs a statement that yields one row of one value.
func (s *session) one(ctx context.Context, sql string) (string, error) {
	rows, err := s.query(ctx, sql)
	if err != nil || len(rows) == 0 || len(rows[0]) == 0 {
		return "", err
	}
	return rows[0][0], nil
}

// parseRows reads what the client prints with --batch.
func parseRows(out string) [][]string {
	unescape := strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\0`, "\x00", `\\`, `\`)
	var rows [][]string
	for line := range strings.SplitSeq(out, "\n") {
		if line == "" {
			continue
		}
		cells := strings.Split(line, "\t")
		for i := range cells {
			cells[i] = unescape.Replace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// quote writes a name as SQL wants it.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// literal writes a text in a form that no SQL mode reads otherwise.
func literal(text string) string {
	if text == "" {
		return "''"
	}
	return fmt.Sprintf("_utf8mb4 X'%x'", text)
}
