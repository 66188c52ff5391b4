package discover

import (
	"strings"

	"ivyvault/system/discover/jdbc"
)

// put writes a database with the keys that its kind of part has.
func (d *Database) put(b block) {
	b.put("type", By(d.Type, "by the URL"))
	switch d.Type {
	case jdbc.SQLServer:
		b.put("server", d.server())
		b.put("database", d.Database)
	case jdbc.Oracle:
		b.put("connect", d.connect())
	case jdbc.H2: // its URL says all
	default:
		b.put("host", d.Host)
		b.put("port", d.Port)
		b.put("database", d.Database)
	}
	b.put("user", d.User)
	b.put("password", d.Password)
	for _, f := range d.More {
		if f.Key != "instance" && f.Key != "schemas" { // instance is part of server
			b.put(f.Key, f.Value)
		}
		if f.Key == "schemas" {
			b.list(f.Key, []Value{f.Value})
		}
	}
	if d.Type == jdbc.SQLServer {
		b.sub("exchange", nil).put("local", By("/var/opt/mssql/backup", "to be supplied: a folder that the server writes to and ivyvault reads"))
	}
}

// server is what sqlcmd calls a server: HOST,PORT or HOST\INSTANCE.
func (d *Database) server() Value {
	v := d.Host
	for _, f := range d.More {
		if f.Key == "instance" {
			v.Text += "\\" + f.Text
		}
	}
	if d.Port.Text != "" {
		v.Text += "," + d.Port.Text
	}
	return v
}

// connect is what Oracle's programs call a database.
func (d *Database) connect() Value {
	v := d.Database
	switch {
	case d.Host.Text == "":
	case d.SID:
		v.Text = "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=" + d.Host.Text + ")(PORT=" + d.Port.Text + "))(CONNECT_DATA=(SID=" + d.Database.Text + ")))"
	default:
		v.Text = "//" + d.Host.Text + ":" + d.Port.Text + "/" + d.Database.Text
	}
	return v
}

// supply adds what a part needs and no configuration of an engine says.
func (i *Installation) supply(db *Database, what string) {
	switch db.Type {
	case jdbc.SQLServer:
		i.Need("%s: a folder that the SQL Server writes its backup to and ivyvault can read (exchange)", what)
	case jdbc.Oracle:
		schema := strings.ToUpper(db.User.Text)
		if schema == "" {
			schema = "SCHEMA"
		}
		db.More = append(db.More,
			Field{"schemas", Value{schema, "the engine's user, " + db.User.From}},
			Field{"directory", Value{"DATA_PUMP_DIR", "to be supplied: a DIRECTORY of the database"}},
			Field{"local", Value{"/var/backup/oracle", "to be supplied: the same folder as ivyvault sees it"}})
		i.Need("%s: a DIRECTORY of the Oracle database, and the folder behind it as ivyvault sees it (directory, local)", what)
	case jdbc.H2:
		if db.User.Text == "" {
			db.User = By("sa", "to be supplied: no user is declared")
			i.Need("%s: an administrator of the H2 database", what)
		}
	}
}
