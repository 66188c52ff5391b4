package mysql

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// passwordInGrant is what MariaDB adds to its first GRANT. Left there it would
// set the password of an account that lives.
var passwordInGrant = regexp.MustCompile(` IDENTIFIED (BY PASSWORD|VIA) .*$`)

// users writes accounts, roles and their rights as a script that leaves
// accounts alone which exist, but for rights that it adds.
func (c *capture) users(ctx context.Context, s *session) error {
	if c.part.cfg.Users == "none" {
		c.notes = append(c.notes, "accounts were not captured: the configuration says users: none")
		return nil
	}
	maria := c.desc.Product == "MariaDB"
	list := "SELECT User, Host, 'N' FROM mysql.user WHERE User NOT LIKE 'mysql.%' ORDER BY 1, 2"
	if maria {
		list = "SELECT User, Host, is_role FROM mysql.user WHERE User <> 'mariadb.sys' AND User <> 'PUBLIC' ORDER BY is_role DESC, 1, 2"
	}
	rows, err := s.query(ctx, list)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.notes = append(c.notes, "accounts were not captured, for the user may not read them: GRANT SELECT ON mysql.* TO it, or set users: none")
		return nil
	}
	var create, grant strings.Builder
	for _, r := range rows {
		if len(r) < 3 {
			continue
		}
		name := quote(r[0]) + "@" + quote(r[1])
		if r[2] == "Y" {
			name = quote(r[0])
			fmt.Fprintf(&create, "CREATE ROLE IF NOT EXISTS %s;\n", name)
		} else {
			lines, err := s.query(ctx, "SHOW CREATE USER "+name)
			if err != nil {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				c.notes = append(c.notes, fmt.Sprintf("the account %s was not captured: %v", name, err))
				continue
			}
			statement(&create, lines, func(l string) string { return strings.Replace(l, "CREATE USER ", "CREATE USER IF NOT EXISTS ", 1) })
		}
		lines, err := s.query(ctx, "SHOW GRANTS FOR "+name)
		if err != nil {
			return err
		}
		statement(&grant, lines, func(l string) string {
			if maria && strings.HasPrefix(l, "GRANT ") {
				return passwordInGrant.ReplaceAllStringFunc(l, func(m string) string {
					if strings.HasSuffix(m, " WITH GRANT OPTION") {
						return " WITH GRANT OPTION"
					}
					return ""
				})
			}
			return l
		})
	}
	return os.WriteFile(filepath.Join(c.root(), usersName), []byte("SET NAMES utf8mb4;\n"+create.String()+grant.String()), 0o600)
}

func statement(b *strings.Builder, lines [][]string, change func(string) string) {
	for _, l := range lines {
		if len(l) > 0 && l[0] != "" {
			b.WriteString(change(l[0]) + ";\n")
		}
	}
}
