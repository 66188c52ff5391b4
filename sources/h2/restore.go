package h2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/h2/link"
	"ivyvault/sources/scratch"
)

// returning is one restore under way.
type returning struct {
	*Part
	at       place
	from     fs.FS
	opt      sources.RestoreOptions
	password string
	dir      *scratch.Dir
	jar      jar
	file     string // name of the database file in from; "" where there is none
	format   int    // of that file
	wrote    string // version of the H2 that wrote the script, "" where it is not known
}

// Restore puts a database, or some tables of it, where the URL says. A whole
// database whose file nobody has open is made beside its place, counted, and
// put there in one step; a database that others have open is filled by
// script.sql. Tables are named as the counts in the facts name them.
func (p *Part) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	at, err := p.c.place()
	if err != nil {
		return sources.Restored{}, err
	}
	dir, err := scratch.New(p.env.Scratch, 0)
	if err != nil {
		return sources.Restored{}, err
	}
	r := &returning{Part: p, at: at, from: from, opt: opt, dir: dir}
	done, err := r.run(ctx)
	if err != nil {
		err = fmt.Errorf("%s: %w", at.where(), err)
	}
	return done, errors.Join(err, dir.Close())
}

func (r *returning) run(ctx context.Context) (done sources.Restored, err error) {
	if r.password, err = r.env.Mask.Reveal(ctx, r.c.Password); err != nil {
		return done, err
	}
	if err := r.see(); err != nil {
		return done, err
	}
	var w ways
	if r.at.server == "" && exists(r.at.file()) {
		if w, err = look(r.at); err != nil {
			return done, err
		}
	}
	if w.held && w.server == "" {
		return done, &HeldError{r.at.file(), w.pid, "nothing can be put there while it is: stop it"}
	}
	url := "jdbc:h2:" + r.at.server + "/" + r.at.path + r.at.settings
	if w.held {
		url = "jdbc:h2:tcp://" + w.server + r.at.settings
	}
	switch {
	case len(r.opt.Only) > 0:
		if r.at.server == "" && !w.held {
			url = "jdbc:h2:file:" + r.at.path + r.at.settings
		}
		done, err = r.tables(ctx, url)
	case r.at.server != "" || w.held:
		done, err = r.live(ctx, url)
	default:
		done, err = r.whole(ctx)
	}
	if err != nil {
		return done, err
	}
	if diff := differences(r.opt.Facts.Counts, done.Counts); len(diff) > 0 && len(r.opt.Only) == 0 {
		return done, fmt.Errorf("it was restored, but is not what was captured: %s", strings.Join(diff, "; "))
	}
	return done, nil
}

// see looks at what was captured, and finds the H2 to use.
func (r *returning) see() error {
	names, err := fs.Glob(r.from, "*"+suffix)
	if err != nil || len(names) > 1 {
		return errors.Join(err, fmt.Errorf("what was captured holds %d database files instead of one", len(names)))
	}
	if len(names) == 1 {
		r.file = names[0]
		f, err := r.from.Open(r.file)
		if err != nil {
			return err
		}
		r.format, err = fileFormat(r.file, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	if r.wrote = r.opt.Facts.Version; r.wrote == "" {
		r.wrote = r.scriptVersion()
	}
	need := 0
	if r.asFile() {
		need = r.format
	}
	if r.jar, err = r.findJar(need, r.file, r.dir); err != nil && r.c.Restore == "" && len(r.opt.Only) == 0 {
		var other *FormatError
		if errors.As(err, &other) { // the script is understood by more
			r.file = ""
			r.jar, err = r.findJar(0, "", r.dir)
		}
	}
	return err
}

// asFile tells whether the database file itself goes back. Of a database that
// was written while it was captured it does so only where that was asked for: its
// BACKUP was seen to hold one half of a transaction that was being committed,
// while the script is of one moment.
func (r *returning) asFile() bool {
	wanted := r.c.Restore == "file" || r.c.Restore == "" && r.opt.Facts.Consistency != sources.Snapshot
	return r.file != "" && wanted && len(r.opt.Only) == 0 && r.at.server == ""
}

// scriptVersion reads which H2 wrote the script; 1.4 does not say.
func (r *returning) scriptVersion() string {
	f, err := r.from.Open(scriptName)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(f, head)
	line, _, _ := strings.Cut(string(head[:n]), ";")
	if v, ok := strings.CutPrefix(line, "-- H2 "); ok {
		return v
	}
	return "1.4"
}

// understood refuses scripts that the target would misread.
func (r *returning) understood(target string, only bool) (old bool, err error) {
	a, b := formatOf(r.wrote+".0"), formatOf(target)
	switch {
	case a == 0 || b == 0 || a == b || a == 2 && b == 3:
		return false, nil
	case a > b:
		return false, fmt.Errorf("it was captured by H2 %s and the target is H2 %s: an older H2 does not understand the script of a newer one", r.wrote, target)
	case only:
		return false, fmt.Errorf("it was captured by H2 %s and the target is H2 %s: between these versions only a whole database goes back; restore it under another name and copy the table", r.wrote, target)
	}
	return true, nil
}

// live fills a database that its own process has open.
func (r *returning) live(ctx context.Context, url string) (done sources.Restored, err error) {
	conn, err := open(ctx, r.Part, r.jar, r.dir.Path(), url, r.password)
	if err != nil {
		return done, err
	}
	defer conn.Abort()
	target, err := version(conn)
	if err != nil {
		return done, err
	}
	if old, err := r.understood(target, false); err != nil || old {
		return done, errors.Join(err, errOldLive(old))
	}
	if err := r.empty(conn); err != nil {
		return done, err
	}
	r.opt.Say("running %s", scriptName)
	if err := r.script(conn); err != nil {
		return done, fmt.Errorf("%w; the database holds a part of what was captured now: it can't be used, and --replace empties it", err)
	}
	done.Counts, err = counted(conn)
	done.Notes = append(done.Notes, "users that were there before keep their passwords; the others have those of the capture")
	return done, err
}

func errOldLive(old bool) error {
	if !old {
		return nil
	}
	return errors.New("a script of H2 1.4 goes into H2 2 by way of a new file only: name a file in the URL, not a server, and stop the engine")
}

// empty makes sure that nothing lives in a database, or that it may go.
func (r *returning) empty(conn *link.Conn) error {
	counts, err := counted(conn)
	if err != nil {
		return err
	}
	if len(counts) > 0 && !r.opt.Replace {
		return &sources.OccupiedError{Where: r.at.where(), What: plural(len(counts), "table")}
	}
	if len(counts) == 0 {
		return nil
	}
	r.opt.Say("dropping %s", plural(len(counts), "table"))
	_, err = conn.Exec("DROP ALL OBJECTS")
	return err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// script runs all of script.sql.
func (r *returning) script(conn *link.Conn) error {
	f, err := r.from.Open(scriptName)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := conn.Script(statements(f))
	if err != nil {
		return fmt.Errorf("statement %d of %s failed: %w", n+1, scriptName, err)
	}
	r.opt.Say("%s ran", plural(n, "statement"))
	return nil
}
