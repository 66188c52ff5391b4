package mssqltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// batch runs statements.
type batch struct {
	s        *State
	p        parser
	database string
	file     string // of the state
}

func (b *batch) run() error {
	b.p.want("SET NOCOUNT ON ;")
	for len(b.p.list) > 0 && b.p.err == nil {
		if err := b.statement(); err != nil {
			return err
		}
	}
	return b.p.err
}

func (b *batch) statement() error {
	p := &b.p
	switch {
	case p.is("USE"):
		b.database = p.name()
		p.want(";")
		if b.s.Databases[b.database] == nil {
			return fault("Msg 911, Level 16, State 1, Server db1, Line 1\nDatabase '%s' does not exist.", b.database)
		}
	case p.is("DECLARE @line varchar ( 8000 ) ;"):
		return b.query()
	case p.is("BACKUP DATABASE"):
		return b.backup()
	case p.is("RESTORE VERIFYONLY FROM DISK ="):
		_, err := b.read(p.str())
		p.want("WITH CHECKSUM ;")
		return err
	case p.is("RESTORE HEADERONLY FROM DISK ="):
		return b.header()
	case p.is("RESTORE FILELISTONLY FROM DISK ="):
		return b.files()
	case p.is("RESTORE DATABASE"):
		return b.restore()
	case p.is("ALTER DATABASE"):
		return b.mode(p.name())
	case p.is("DBCC CHECKDB ("):
		name := p.str()
		p.want(") WITH NO_INFOMSGS , PHYSICAL_ONLY ;")
		if b.s.Databases[name] == nil {
			return fault("Msg 911, Level 16: no such database")
		}
	case p.is("IF SUSER_ID ("):
		return b.create(p.str())
	case p.is("ALTER LOGIN"):
		return b.alter(p.name())
	case p.is("ALTER SERVER ROLE"):
		role := p.name()
		p.want("ADD MEMBER")
		if l := b.s.Logins[p.name()]; l != nil && !slices.Contains(l.Roles, role) {
			l.Roles = append(l.Roles, role)
		}
		p.want(";")
	case p.is("ALTER USER"):
		user := p.name()
		p.want("WITH LOGIN =")
		l := b.s.Logins[p.name()]
		p.want(";")
		if d := b.s.Databases[b.database]; l == nil || d == nil || d.Users[user] == "" {
			return fault("Msg 15151, Level 16: no such user or login")
		} else if p.err == nil {
			d.Users[user] = l.SID
		}
	default:
		p.fail(p.peek())
	}
	return p.err
}

func (b *batch) mode(database string) error {
	d := b.s.Databases[database]
	switch {
	case d == nil:
		return fault("Msg 5011, Level 14: no such database")
	case b.p.is("SET SINGLE_USER WITH ROLLBACK IMMEDIATE ;"):
		d.Single = true
	case b.p.is("SET MULTI_USER ;"):
		d.Single = false
	default:
		b.p.fail(b.p.peek())
	}
	return nil
}

func (b *batch) create(name string) error {
	p := &b.p
	p.want(") IS NULL CREATE LOGIN")
	if again := p.name(); again != name {
		return fmt.Errorf("the login %s is asked for and %s is made", name, again)
	}
	l := &Login{Type: "U"}
	if p.is("WITH PASSWORD =") {
		l.Type, l.Hash = "S", p.number()
		p.want("HASHED , SID =")
		l.SID = p.number()
		p.want(", CHECK_POLICY = OFF ;")
	} else {
		p.want("FROM WINDOWS ;")
	}
	if b.s.Logins[name] == nil && p.err == nil {
		b.s.Logins[name] = l
	}
	return nil
}

func (b *batch) alter(name string) error {
	l := b.s.Logins[name]
	if l == nil {
		return fault("Msg 15151, Level 16: no such login")
	}
	if b.p.is("DISABLE ;") {
		l.Disable = true
		return nil
	}
	b.p.want("WITH CHECK_POLICY = ON , CHECK_EXPIRATION =")
	l.Policy = true
	if !b.p.is("OFF ;") {
		b.p.want("ON ;")
		l.Expiration = true
	}
	return nil
}

func (b *batch) backup() error {
	p := &b.p
	name := p.name()
	p.want("TO DISK =")
	to, err := b.s.local(p.str())
	p.want("WITH COPY_ONLY , CHECKSUM , INIT , FORMAT , NO_COMPRESSION , STATS = 10 ;")
	d := b.s.Databases[name]
	if d == nil {
		return fault("Msg 911, Level 16: no such database")
	}
	if err != nil || p.err != nil {
		return errors.Join(err, p.err)
	}
	out := backup{Major: major(b.s.Version), Name: name, Checksum: true, Database: d, End: "whole"}
	if b.s.Fault == "bad backup" {
		out.Checksum = false
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if b.s.Fault == "die in backup" {
		text = text[:len(text)/2]
	}
	if err := os.WriteFile(to, text, 0o640); err != nil {
		return err
	}
	if b.s.Fault == "die in backup" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	fmt.Println("10 percent processed.\n100 percent processed.\nBACKUP DATABASE successfully processed 298 pages in 0.021 seconds (110.868 MB/sec).")
	return nil
}

func major(version string) string { m, _, _ := strings.Cut(version, "."); return m }

func (b *batch) read(name string) (*backup, error) {
	from, err := b.s.local(name)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	var in backup
	if err := json.Unmarshal(text, &in); err != nil || in.End == "" || !in.Checksum {
		return nil, fault("Msg 3189, Level 16, State 1, Server db1, Line 1\nDamage to the backup set was detected.")
	}
	return &in, nil
}

func (b *batch) header() error {
	in, err := b.read(b.p.str())
	b.p.want(";")
	if err != nil || b.p.err != nil {
		return err
	}
	row := make([]string, 56)
	for i := range row {
		row[i] = "NULL"
	}
	row[2], row[5], row[9], row[25] = "1", "1", in.Name, in.Major
	fmt.Println(strings.Join(row, "\x1f"))
	return nil
}

func (b *batch) files() error {
	in, err := b.read(b.p.str())
	b.p.want(";")
	if err != nil || b.p.err != nil {
		return err
	}
	for _, f := range in.Database.Files {
		fmt.Println(strings.Join([]string{f.Logical, f.Physical, f.Type, "PRIMARY", "8388608"}, "\x1f"))
	}
	return nil
}

func (b *batch) restore() error {
	p := &b.p
	name := p.name()
	p.want("FROM DISK =")
	in, err := b.read(p.str())
	p.want("WITH CHECKSUM , RECOVERY , STATS = 10")
	moves, replace := map[string]string{}, false
	for p.is(",") {
		if p.is("REPLACE") {
			replace = true
			continue
		}
		p.want("MOVE")
		from := p.str()
		p.want("TO")
		moves[from] = p.str()
	}
	p.want(";")
	if err != nil || p.err != nil {
		return errors.Join(err, p.err)
	}
	if major(b.s.Version) < in.Major {
		return fault("Msg 3169, Level 16: a newer version made it")
	}
	if old := b.s.Databases[name]; old != nil && (!replace || !old.Single) {
		return fault("Msg 3102, Level 16, State 1, Server db1, Line 1\nRESTORE cannot process the database because it is in use or exists.")
	}
	d := in.Database
	d.Single = b.s.Databases[name] != nil
	for i, f := range d.Files {
		if moves[f.Logical] == "" {
			return fault("Msg 3156, Level 16: the file %s is not moved", f.Logical)
		}
		d.Files[i].Physical = moves[f.Logical]
	}
	if len(moves) != len(d.Files) {
		return fault("Msg 3234, Level 16: a logical file is not part of the database")
	}
	b.s.Databases[name] = d
	return nil
}
