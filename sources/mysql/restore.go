package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/scratch"
)

// Restore puts the database back, or the tables that Only names, into the
// configured database, which is created where it doesn't exist.
func (p *Part) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	r := &restore{part: p, from: from, opt: opt}
	err := r.run(ctx)
	var occupied *sources.OccupiedError
	if err != nil && !errors.As(err, &occupied) {
		err = p.masked(fmt.Errorf("restore into %s: %w", p.cfg.where(), err))
	}
	return r.done, err
}

type restore struct {
	part *Part
	from fs.FS
	opt  sources.RestoreOptions
	done sources.Restored
	desc *description
	s    *session
}

func (r *restore) run(ctx context.Context) (err error) {
	if r.desc, err = readDescription(r.from); err != nil {
		return err
	}
	picked, err := r.desc.pick(r.opt.Only)
	if err != nil {
		return err
	}
	dir, err := scratch.New(r.part.env.Scratch, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if r.s, err = r.part.open(ctx, dir.Path()); err != nil {
		return err
	}
	if err := r.versions(ctx); err != nil {
		return err
	}
	for _, t := range picked {
		if _, err := fs.Stat(r.from, t.File); err != nil {
			return fmt.Errorf("a file of the capture is missing: %w", err)
		}
	}
	existed, err := r.look(ctx, picked)
	if err != nil {
		return err
	}
	if err = r.fill(ctx, picked, existed); err == nil {
		return nil
	}
	name := quote(r.part.cfg.Database)
	if existed {
		return fmt.Errorf("%w. The database %s now holds a part of what was to be restored: restore again with --replace", err, name)
	}
	if _, dropped := r.s.query(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+name); dropped != nil {
		return errors.Join(err, fmt.Errorf("the database %s, which was begun, is left: %w", name, dropped))
	}
	return fmt.Errorf("%w. The database that was begun was removed", err)
}

// OlderServerError says that a server can't take what another one held.
type OlderServerError struct{ Have, Need string }

func (e *OlderServerError) Error() string {
	return fmt.Sprintf("the server is %s, and the capture is of %s: it goes back to the same product, of the same version or a newer one. Nothing was changed", e.Have, e.Need)
}

var versionNumber = regexp.MustCompile(`^(\d+)\.(\d+)`)

func (r *restore) versions(ctx context.Context) error {
	server, err := r.s.one(ctx, "SELECT VERSION()")
	if err != nil {
		return err
	}
	have, need := versionNumber.FindStringSubmatch(server), versionNumber.FindStringSubmatch(r.desc.Server)
	if have == nil || need == nil {
		return fmt.Errorf("the versions %q and %q can't be compared", server, r.desc.Server)
	}
	number := func(m []string) int {
		a, _ := strconv.Atoi(m[1])
		b, _ := strconv.Atoi(m[2])
		return a*1000 + b
	}
	if strings.Contains(server, "MariaDB") != (r.desc.Product == "MariaDB") || number(have) < number(need) {
		return &OlderServerError{server, r.desc.Product + " " + r.desc.Server}
	}
	return nil
}

// look looks at the target. It is an *sources.OccupiedError where something
// lives that would be touched and may not be.
func (r *restore) look(ctx context.Context, picked []*table) (existed bool, err error) {
	in := "= BINARY " + literal(r.part.cfg.Database)
	n, err := r.s.one(ctx, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE BINARY SCHEMA_NAME "+in)
	if err != nil || n == "0" {
		return false, err
	}
	rows, err := r.s.query(ctx, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE BINARY TABLE_SCHEMA "+in)
	if err != nil {
		return true, err
	}
	what := fmt.Sprintf("%d tables and views", len(rows))
	if len(r.opt.Only) > 0 {
		if err := r.fits(ctx); err != nil {
			return true, err
		}
		var there []string
		for _, row := range rows {
			for _, t := range picked {
				if t.Name == row[0] {
					there = append(there, t.key())
				}
			}
		}
		rows, what = rows[:len(there)], "it has "+strings.Join(there, ", ")
	}
	if len(rows) > 0 && !r.opt.Replace {
		return true, &sources.OccupiedError{Where: r.part.cfg.where(), What: what}
	}
	return true, nil
}

// fill changes the target.
func (r *restore) fill(ctx context.Context, picked []*table, existed bool) error {
	whole := len(r.opt.Only) == 0
	name := quote(r.part.cfg.Database)
	if existed && whole && r.opt.Replace {
		if _, err := r.s.query(ctx, "DROP DATABASE "+name); err != nil {
			return err
		}
		existed = false
	}
	if !existed {
		if _, err := r.s.query(ctx, fmt.Sprintf("CREATE DATABASE %s CHARACTER SET %s COLLATE %s", name, quote(r.desc.Charset), quote(r.desc.Collation))); err != nil {
			return err
		}
	}
	// Definers must exist before what they define, and rights on tables can be
	// given only after them; so accounts come twice.
	if whole {
		if _, err := r.accounts(ctx); err != nil {
			return err
		}
		if err := r.some(ctx, sequencesName); err != nil {
			return err
		}
	}
	for _, t := range picked {
		r.opt.Say("restoring the table %s", t.key())
		if err := r.load(ctx, t.File); err != nil {
			return err
		}
	}
	if whole {
		if err := r.some(ctx, routinesName, viewsName); err != nil {
			return err
		}
	}
	for _, t := range picked {
		if t.Triggers != "" {
			if err := r.load(ctx, t.Triggers); err != nil {
				return err
			}
		}
	}
	if whole {
		if err := r.some(ctx, eventsName); err != nil {
			return err
		}
		refused, err := r.accounts(ctx)
		if err != nil {
			return err
		}
		r.done.Notes = append(r.done.Notes, refused...)
	}
	return r.compare(ctx, picked)
}

// some loads scripts that a capture need not have.
func (r *restore) some(ctx context.Context, names ...string) error {
	for _, name := range names {
		if _, err := fs.Stat(r.from, name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		r.opt.Say("restoring %s", name)
		if err := r.load(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// load runs a script in the target database.
func (r *restore) load(ctx context.Context, name string) error {
	f, err := r.from.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	cmd := r.s.command(r.s.client, "--database="+r.part.cfg.Database)
	cmd.Stdin = struct{ io.Reader }{f}
	if err := cmd.Run(ctx); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// accounts makes the accounts and roles that the server lacks and gives rights.
// It returns what the server refused.
func (r *restore) accounts(ctx context.Context) (refused []string, err error) {
	if r.part.cfg.Users == "none" {
		return nil, nil
	}
	f, err := r.from.Open(usersName)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{"this capture holds no accounts: those that it needs must exist"}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd := r.s.command(r.s.client, "--force")
	cmd.Stdin = struct{ io.Reader }{f}
	cmd.Said = func(line string) {
		r.part.env.Log(line)
		if strings.HasPrefix(line, "ERROR") && !strings.Contains(line, "ERROR 1396 ") { // 1396: it exists
			refused = append(refused, "accounts: the server said: "+line)
		}
	}
	err = cmd.Run(ctx)
	if len(refused) > 0 {
		err = nil // what was refused is told
	}
	return refused, err
}

// CountError says that what is in the target isn't as many as what was captured.
type CountError struct {
	Table      string
	Have, Want int64
}

func (e *CountError) Error() string {
	return fmt.Sprintf("after the restore the table %s holds %d rows, and the capture held %d: something writes to the target, or the restore is not whole", e.Table, e.Have, e.Want)
}

func (r *restore) compare(ctx context.Context, picked []*table) error {
	r.done.Counts = map[string]int64{}
	for _, t := range picked {
		text, err := r.s.one(ctx, "SELECT COUNT(*) FROM "+quote(r.part.cfg.Database)+"."+quote(t.Name))
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		r.done.Counts[t.key()] = n
		if want, ok := r.opt.Facts.Counts[t.key()]; ok && want != n {
			return &CountError{t.key(), n, want}
		}
	}
	return nil
}
