package discover

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover/install"
	"ivyvault/system/discover/jdbc"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// Note, Cannot and Need add a sentence to Notes, Uncovered and Ask, once.
func (i *Installation) Note(format string, args ...any) { once(&i.Notes, format, args...) }

// Cannot names something that no part covers.
func (i *Installation) Cannot(format string, args ...any) { once(&i.Uncovered, format, args...) }

// Need names something that must be supplied by hand.
func (i *Installation) Need(format string, args ...any) { once(&i.Ask, format, args...) }

func once(list *[]string, format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(*list, text) {
		*list = append(*list, text)
	}
}

// Variable makes the name of an environment variable of words.
func Variable(words ...string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, strings.Join(words, "_"))
}

// Secret returns where a secret is to be found, as the configuration takes it.
// One that stands in a variable or a file of its own is referred to there. Any
// other is asked for under a name, and sealed tells why it can't be read.
func (i *Installation) Secret(s settings.Setting, what, name, sealed string) Value {
	name = Variable("IVYVAULT", name)
	if sealed == "" && strings.HasPrefix(s.Value, "${") && s.From.Kind == settings.File {
		sealed = "it refers to something that is not known"
	}
	switch {
	case s.Value == "" && s.From.Name == "":
		i.Need("%s: nothing was found; put it into the variable %s", what, name)
		return Value{"{env:" + name + "}", "to be supplied"}
	case sealed != "":
		i.Need("%s: %s (%s); put it into the variable %s", what, sealed, s.From, name)
		return Value{"{env:" + name + "}", "to be supplied: " + sealed + ", " + s.From.String()}
	case s.From.Kind == settings.SecretFile:
		return Value{"{file:" + s.From.Name + "}", s.From.String()}
	case s.From.Kind == settings.Env:
		i.Need("%s: it stands in the engine's environment; ivyvault needs the variable %s too", what, s.From.Variable())
		return Value{"{env:" + s.From.Variable() + "}", s.From.String()}
	}
	i.Need("%s: it stands in clear text in %s and was not copied; put it into the variable %s, or better give ivyvault a user of its own", what, s.From, name)
	return Value{"{env:" + name + "}", "to be supplied: not copied from " + s.From.String()}
}

// Declaration is one place where a database is declared.
type Declaration struct {
	Name     string // proposed key
	What     string // "the system database"
	URL      settings.Setting
	User     settings.Setting
	Password settings.Setting
	Sealed   string // why the password can't be read, "" where it can
	At       string // the place, as it is told
	Home     string // what H2's paths are relative to
	UserHome string // what H2's ~ stands for
}

// Declare adds the database that a JDBC URL means. What none of the parts can
// capture is named as uncovered.
func (i *Installation) Declare(d Declaration) {
	u, err := jdbc.Parse(d.URL.Value)
	if err != nil {
		i.Cannot("%s: the URL of %s %v%s", d.URL.From, d.What, err, jdbc.Place(d.URL.Value))
		return
	}
	from := d.URL.From.String()
	db := Database{Name: d.Name, Type: u.Type, Database: Value{u.Database, from}, Declared: []string{d.At}}
	if u.Type == jdbc.H2 && !i.file(&db, u, d, from) {
		return
	}
	if len(u.Hosts) > 0 {
		i.hosts(&db, u, from)
	}
	switch {
	case d.User.Value != "":
		db.User = Of(d.User)
	case u.User != "":
		db.User = Value{u.User, from}
	}
	if slices.ContainsFunc(i.Databases, func(o Database) bool { return identity(o) == identity(db) }) {
		i.add(db, d.What) // it is captured by what was declared before
		return
	}
	password := d.Password
	if password.Value == "" && u.Password != "" {
		password = settings.Setting{Value: u.Password, From: d.URL.From}
		if password.From.Kind != settings.File { // the variable holds more than the password
			password.From = settings.Origin{Name: from}
		}
	}
	if _, windows := u.Param("integratedSecurity"); password.Value == "" && (windows || u.Type == jdbc.H2) {
		db.Notes = append(db.Notes, "no password is declared")
	} else {
		db.Password = i.Secret(password, "the password of "+d.What, i.nameFor(d.Name)+"_password", d.Sealed)
	}
	i.parameters(&db, u)
	i.supply(&db, d.What)
	i.add(db, d.What)
}

func (i *Installation) nameFor(name string) string { return strings.TrimSuffix(name, "_db") + "_db" }

func (i *Installation) hosts(db *Database, u jdbc.URL, from string) {
	h := u.Host()
	db.Host, db.Port = Value{h.Name, from}, Value{h.Port, from}
	if u.Hosts[0].Port == "" && h.Port != "" {
		db.Port.From = "default of " + u.Type
	}
	if u.Instance != "" {
		db.More = append(db.More, Field{"instance", Value{u.Instance, from}})
	}
	if len(u.Hosts) > 1 {
		var all []string
		for _, h := range u.Hosts {
			all = append(all, strings.TrimSuffix(h.Name+":"+h.Port, ":"))
		}
		i.Need("%s: the URL names the servers %s; name the one that is the primary", from, strings.Join(all, ", "))
	}
}

// parameters keeps what changes how the database is reached, and names the
// rest, since a connection that is made without it may fail.
func (i *Installation) parameters(db *Database, u jdbc.URL) {
	if u.SID {
		db.SID = true
		db.Notes = append(db.Notes, "the name is a SID and no service")
	}
	if u.Alias {
		i.Need("%s: %q is a name that tnsnames.ora or a directory explains; give host, port and service", db.Database.From, u.Database)
	}
	if u.Mode != "" && u.Mode != "file" {
		db.Notes = append(db.Notes, "mode "+u.Mode)
	}
	for _, p := range u.Params {
		if key := strings.ToLower(p.Key); u.Type == jdbc.PostgreSQL && (key == "sslmode" || key == "sslrootcert" || key == "sslcert") {
			db.More = append(db.More, Field{key, Value{p.Value, db.Host.From}})
			continue
		}
		if jdbc.Secret(p.Key) {
			db.Notes = append(db.Notes, p.Key+" (a secret: it was not copied)")
			continue
		}
		if u.Type != jdbc.H2 { // the section has H2's URL itself
			db.Notes = append(db.Notes, p.Key+"="+p.Value)
		}
	}
}

// file settles where an H2 database lies, and reports whether there is anything
// to capture.
func (i *Installation) file(db *Database, u jdbc.URL, d Declaration, from string) bool {
	switch u.Mode {
	case "mem":
		i.Cannot("%s: %s lies in memory (H2 %q) and is gone when the engine stops", from, d.What, u.Database)
		return false
	case "tcp", "ssl":
		db.More = []Field{{"url", Value{plainH2(u), from}}, {"installation", Value{d.Home, "where H2's jar is looked for"}}}
		return true
	case "zip", "classpath":
		i.Note("%s: %s is read-only (H2 in a %s)", from, d.What, u.Mode)
		return false
	}
	db.More = []Field{{"url", Value{plainH2(u), from}}, {"installation", Value{d.Home, "where H2's jar is looked for"}}}
	p := u.Database
	if rest, ok := strings.CutPrefix(p, "~"); ok {
		db.More = append(db.More, Field{"home", Value{d.UserHome, "home folder of the engine's user"}})
		if d.UserHome == "" {
			i.Need("%s: %s lies in the home folder of the engine's user (%s), which is not known; give HOME in the environment", from, d.What, p)
			return false
		}
		p = path.Join(d.UserHome, rest)
	} else if !strings.HasPrefix(p, "/") && !(len(p) > 1 && p[1] == ':') {
		p = path.Join(d.Home, p)
		db.More = append(db.More, Field{"base", Value{d.Home, "where the engine is started"}})
	}
	db.Database = Value{path.Clean(p), from}
	if auto, _ := u.Param("AUTO_SERVER"); !strings.EqualFold(auto, "true") {
		db.Cold = true
		db.Notes = append(db.Notes, "no AUTO_SERVER: the file is locked while the engine runs, so it is captured cold only")
	}
	return true
}

// plainH2 is the URL of an H2 database without secrets.
func plainH2(u jdbc.URL) string {
	var b strings.Builder
	b.WriteString("jdbc:h2:")
	if u.Mode != "file" {
		b.WriteString(u.Mode + ":")
	}
	if len(u.Hosts) > 0 {
		h := u.Hosts[0]
		b.WriteString("//" + strings.TrimSuffix(h.Name+":"+h.Port, ":") + "/")
	}
	b.WriteString(u.Database)
	for _, p := range u.Params {
		if !jdbc.Secret(p.Key) {
			b.WriteString(";" + p.Key + "=" + p.Value)
		}
	}
	return b.String()
}

// identity is what makes two declarations mean one database.
func identity(d Database) string {
	kind, name := d.Type, d.Database.Text
	switch kind {
	case jdbc.MariaDB:
		kind = jdbc.MySQL // either driver reaches either server
	case jdbc.SQLServer, jdbc.Oracle:
		name = strings.ToLower(name)
	}
	instance := ""
	for _, f := range d.More {
		if f.Key == "instance" {
			instance = strings.ToLower(f.Text)
		}
	}
	return strings.Join([]string{kind, strings.ToLower(d.Host.Text), d.Port.Text, instance, name}, "\x00")
}

// add keeps a database, or adds where else it is declared.
func (i *Installation) add(db Database, what string) {
	for k := range i.Databases {
		o := &i.Databases[k]
		if identity(*o) != identity(db) {
			continue
		}
		o.Declared = append(o.Declared, db.Declared...)
		if db.User.Text != o.User.Text && db.User.Text != "" {
			once(&o.Notes, "%s uses it as %s (%s)", what, db.User.Text, db.User.From)
		}
		for _, n := range db.Notes {
			once(&o.Notes, "%s", n)
		}
		return
	}
	for n := 2; slices.ContainsFunc(i.Databases, func(o Database) bool { return o.Name == db.Name }); n++ {
		db.Name = fmt.Sprintf("%s-%d", strings.TrimSuffix(db.Name, fmt.Sprintf("-%d", n-1)), n)
	}
	i.Databases = append(i.Databases, db)
}

// Folder adds a folder, if it is there. One that must be there and isn't is
// noted.
func (i *Installation) Folder(t *tree.Tree, d Directory, must bool) {
	if _, err := t.Stat(d.Path.Text); err != nil {
		var own *tree.Error
		if must || errors.As(err, &own) && own.Said != "does not exist" {
			i.Note("%s: %v", d.Path.From, err)
		}
		if d.Missing = true; !must {
			return
		}
	}
	i.Folders = append(i.Folders, d)
}

// Store adds a keystore: one that lies outside of all folders becomes a folder
// of its own.
func (i *Installation) Store(t *tree.Tree, at settings.Setting, base, what string) {
	name := at.Value
	if strings.Contains(name, "${") {
		i.Need("%s: the path of %s (%s) can't be resolved; add it to directories", at.From, what, name)
		return
	}
	name = strings.TrimPrefix(name, "file:")
	if !strings.HasPrefix(name, "/") {
		name = path.Join(base, name)
	}
	k := Keystore{Path: path.Clean(name), What: what, From: at.From.String(), Missing: !t.IsFile(name)}
	if k.Missing {
		i.Note("%s: the keystore %s (%s) is not there or can't be read", at.From, k.Path, what)
	}
	for _, o := range i.Keystores {
		if o.Path == k.Path {
			i.Note("%s: %s is the same keystore as that of %s", at.From, what, o.What)
			return
		}
	}
	i.Keystores = append(i.Keystores, k)
}

// Licence adds a licence file.
func (i *Installation) Licence(t *tree.Tree, name string) {
	i.Licences = append(i.Licences, install.ReadLicence(t, name))
}

// Within reports whether a path lies below a folder, and where in it.
func Within(folder, name string) (string, bool) {
	folder, name = path.Clean(folder), path.Clean(name)
	if folder == name {
		return "", true
	}
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(folder, "/")+"/")
	return rest, ok
}
