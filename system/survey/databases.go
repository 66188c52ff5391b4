package survey

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ivyvault/sources/h2"
	"ivyvault/sources/mssql"
	"ivyvault/sources/mysql"
	"ivyvault/sources/oracle"
	"ivyvault/sources/postgres"
	"ivyvault/system/config"
	"ivyvault/system/discover"
	"ivyvault/system/discover/jdbc"
)

// place is by what two ways to name a database are found to mean one.
type place struct {
	kind, host, port, instance, name string
}

// Missing names the databases that the installations declare and none of the
// configured ones is.
func (s *Survey) Missing(have map[string]*config.Database) (list []string) {
	var places []place
	for _, d := range have {
		places = append(places, configured(d.Part))
	}
	for _, d := range s.Databases {
		want := declared(d)
		if !slices.ContainsFunc(places, want.equal) {
			list = append(list, fmt.Sprintf("THE DATABASE %s IS NOT COVERED: declared by %s, and nothing below 'databases' captures it", want, strings.Join(d.Declared, ", ")))
		}
	}
	return list
}

func (p place) String() string {
	if p.kind == jdbc.H2 {
		return p.name + " (h2)"
	}
	return fmt.Sprintf("%s on %s (%s)", p.name, strings.TrimSuffix(p.host+":"+p.port, ":"), p.kind)
}

func (p place) equal(o place) bool {
	if p.kind == jdbc.Oracle && o.kind == jdbc.Oracle { // a name of tnsnames.ora says nothing more
		return o.host == "" || p.host == "" || p.host == o.host && p.name == o.name
	}
	if p.instance != "" || o.instance != "" { // its port is found out by the instance's name
		p.port, o.port = "", ""
	}
	return p == o
}

// declared is where an installation says a database is.
func declared(d discover.Database) place {
	p := place{d.Type, host(d.Host.Text), d.Port.Text, "", d.Database.Text}
	for _, f := range d.More {
		switch {
		case f.Key == "instance":
			p.instance = strings.ToLower(f.Text)
		case f.Key == "url" && d.Type == jdbc.H2:
			p = place{kind: jdbc.H2, name: realH2(d.Database.Text)}
			if u, err := jdbc.Parse(f.Text); err == nil && len(u.Hosts) > 0 {
				p.host, p.port, p.name = host(u.Hosts[0].Name), u.Hosts[0].Port, u.Database
			}
		}
	}
	return p.fold()
}

// configured is where a section says a database is.
func configured(c config.Part) place {
	switch c := c.(type) {
	case *postgres.Config:
		return place{jdbc.PostgreSQL, host(c.Host), port(c.Port, "5432"), "", c.Database}.fold()
	case *mysql.Config:
		return place{jdbc.MySQL, host(c.Host), port(c.Port, "3306"), "", c.Database}.fold()
	case *mssql.Config:
		p := place{kind: jdbc.SQLServer, name: c.Database}
		server, at, _ := strings.Cut(c.Server, ",")
		server, p.instance, _ = strings.Cut(server, `\`)
		p.host, p.instance, p.port = host(strings.TrimPrefix(server, "tcp:")), strings.ToLower(p.instance), at
		if p.port == "" {
			p.port = "1433"
		}
		return p.fold()
	case *oracle.Config:
		u, err := jdbc.Parse("jdbc:oracle:thin:@" + c.Connect)
		p := place{kind: jdbc.Oracle, name: c.Connect}
		if err == nil && !u.Alias && len(u.Hosts) > 0 {
			p.host, p.port, p.name = host(u.Hosts[0].Name), u.Hosts[0].Port, u.Database
		}
		return p.fold()
	case *h2.Config:
		return h2Place(c)
	}
	return place{}
}

func h2Place(c *h2.Config) place {
	u, err := jdbc.Parse(c.URL)
	if err != nil {
		return place{}
	}
	if len(u.Hosts) > 0 {
		return place{jdbc.H2, host(u.Hosts[0].Name), u.Hosts[0].Port, "", u.Database}
	}
	return place{kind: jdbc.H2, name: realH2(locate(c, u.Database))}
}

// FileOf is the file of an embedded H2 database, "" where it is a server's.
func FileOf(c *h2.Config) string {
	if c == nil {
		return ""
	}
	u, err := jdbc.Parse(c.URL)
	if err != nil || len(u.Hosts) > 0 {
		return ""
	}
	return locate(c, u.Database) + ".mv.db"
}

// locate returns the path of an H2 database, without its ending.
func locate(c *h2.Config, name string) string {
	switch rest, home := strings.CutPrefix(name, "~/"); {
	case home:
		return filepath.Join(c.Home, rest)
	case filepath.IsAbs(name):
		return filepath.Clean(name)
	}
	return filepath.Join(c.Base, name)
}

func realH2(name string) string { return strings.TrimSuffix(real(name+".mv.db"), ".mv.db") }

// fold makes names equal that the servers take for equal.
func (p place) fold() place {
	switch p.kind {
	case jdbc.MariaDB:
		p.kind = jdbc.MySQL // either driver reaches either server
	case jdbc.SQLServer, jdbc.Oracle:
		p.name = strings.ToLower(p.name)
	}
	return p
}

func port(n int, usual string) string {
	if n == 0 {
		return usual
	}
	return strconv.Itoa(n)
}

// host is a server's name, one for all that mean this machine.
func host(name string) string {
	name = strings.ToLower(strings.Trim(name, "[]"))
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() || name == "" || name == "localhost" || strings.HasPrefix(name, "/") {
		return "localhost"
	}
	if own, err := os.Hostname(); err == nil && strings.EqualFold(own, name) {
		return "localhost"
	}
	return name
}
