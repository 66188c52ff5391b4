package jdbc

import (
	"fmt"
	"strings"
	"testing"
)

func line(u URL) string {
	s := u.Type
	for _, h := range u.Hosts {
		s += " " + h.Name + "|" + h.Port
	}
	s += " db=" + u.Database
	if u.SID {
		s += " sid"
	}
	if u.Alias {
		s += " alias"
	}
	if u.Instance != "" {
		s += " instance=" + u.Instance
	}
	if u.Mode != "" {
		s += " mode=" + u.Mode
	}
	if u.User != "" {
		s += " user=" + u.User
	}
	if u.Password != "" {
		s += " pw=" + u.Password
	}
	for _, p := range u.Params {
		s += fmt.Sprintf(" %s:%s", p.Key, p.Value)
	}
	return s
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"jdbc:postgresql://db1:5433/AxonIvySystemDatabase?sslmode=require": "postgresql db1|5433 db=AxonIvySystemDatabase sslmode:require",
		"jdbc:postgresql://db1/x":                         "postgresql db1| db=x",
		"jdbc:postgresql:claims":                          "postgresql localhost| db=claims",
		"jdbc:postgresql:/":                               "postgresql localhost| db=",
		"jdbc:postgresql:///claims?user=u&password=p%26w": "postgresql localhost| db=claims user=u pw=p&w",
		"jdbc:postgresql://h/?user=u":                     "postgresql h| db=u user=u",
		"jdbc:postgresql://a:1,b:2,[fe80::1]:3/x%20y?targetServerType=primary":              "postgresql a|1 b|2 fe80::1|3 db=x y targetServerType:primary",
		"jdbc:p6spy:postgresql://h/d":                                                       "postgresql h| db=d",
		"JDBC:aws-wrapper:postgresql://h/d":                                                 "postgresql h| db=d",
		"jdbc:mysql://h/d":                                                                  "mysql h| db=d",
		"jdbc:mysql://u:p%40@h:1/d?useSSL=true":                                             "mysql h|1 db=d user=u pw=p@ useSSL:true",
		"jdbc:mysql:replication://a:1,b/d":                                                  "mysql a|1 b| db=d mode=replication",
		"jdbc:mysql://address=(host=h)(port=1)(user=u)(password=p)/d":                       "mysql h|1 db=d user=u pw=p",
		"jdbc:mysql://(host=h,port=1),(host=i)/d":                                           "mysql h|1 i| db=d",
		"jdbc:mysql://u@[(host=h,port=1),i:2]/d":                                            "mysql h|1 i|2 db=d user=u",
		"jdbc:mysql:///d":                                                                   "mysql localhost| db=d",
		"jdbc:mysql+srv://h/d":                                                              "mysql h| db=d",
		"jdbc:mysql://h?serverTimezone=Europe/Berlin":                                       "mysql h| db= serverTimezone:Europe/Berlin",
		"jdbc:mariadb:sequential://a,b:2/d?user=u":                                          "mariadb a| b|2 db=d mode=sequential user=u",
		"jdbc:mariadb://address=(type=primary)(host=h)(port=3)/d":                           "mariadb h|3 db=d type:primary",
		`jdbc:sqlserver://h\inst:1444;databaseName=D;user=u;password={a;b}}c};encrypt=true`: "sqlserver h|1444 db=D instance=inst user=u pw=a;b}c encrypt:true",
		"jdbc:sqlserver://h.database.windows.net:1433;DATABASE=D":                           "sqlserver h.database.windows.net|1433 db=D",
		"jdbc:sqlserver://;serverName=h;portNumber=9;databaseName=D;instanceName=i":         "sqlserver h|9 db=D instance=i",
		"jdbc:sqlserver://h;integratedSecurity=true":                                        "sqlserver h| db=master integratedSecurity:true",
		"jdbc:jtds:sqlserver://h:1/D;instance=i":                                            "sqlserver h|1 db=D instance=i",
		"jdbc:oracle:thin:@h:1521:ORCL":                                                     "oracle h|1521 db=ORCL sid mode=thin",
		"jdbc:oracle:thin:@//h:1521/svc":                                                    "oracle h|1521 db=svc mode=thin",
		"jdbc:oracle:thin:@h:1521/svc:dedicated/i1":                                         "oracle h|1521 db=svc mode=thin server:dedicated instance_name:i1",
		"jdbc:oracle:thin:@h/svc":                                                           "oracle h| db=svc mode=thin",
		"jdbc:oracle:thin:@tcps://h:2484/svc?wallet_location=/w":                            "oracle h|2484 db=svc mode=thin wallet_location:/w protocol:tcps",
		`jdbc:oracle:thin:u/"p@w"@//h:1/s`:                                                  "oracle h|1 db=s mode=thin user=u pw=p@w",
		"jdbc:oracle:thin:@alias?TNS_ADMIN=/tns":                                            "oracle db=alias alias mode=thin TNS_ADMIN:/tns",
		"jdbc:oracle:oci:@prod":                                                             "oracle db=prod alias mode=oci",
		"jdbc:oracle:thin:@ldap://oid:389/sales,cn=OracleContext":                           "oracle db=ldap://oid:389/sales,cn=OracleContext alias mode=thin",
		"jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=h)(PORT=1))(CONNECT_DATA=(SERVICE_NAME=s)))":                      "oracle h|1 db=s mode=thin",
		"jdbc:oracle:thin:@( DESCRIPTION = (ADDRESS_LIST=(ADDRESS=(HOST=a)(PORT=1))(ADDRESS=(HOST=b)(PORT=2)))(CONNECT_DATA=(SID=x)))": "oracle a|1 b|2 db=x sid mode=thin",
		"jdbc:h2:~/flowable-db/ossdb;AUTO_SERVER=TRUE;AUTO_SERVER_PORT=9091;DB_CLOSE_DELAY=-1":                                         "h2 db=~/flowable-db/ossdb mode=file AUTO_SERVER:TRUE AUTO_SERVER_PORT:9091 DB_CLOSE_DELAY:-1",
		"jdbc:h2:./repository/database/WSO2IDENTITY_DB;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000":                                      "h2 db=./repository/database/WSO2IDENTITY_DB mode=file DB_CLOSE_ON_EXIT:FALSE LOCK_TIMEOUT:60000",
		"jdbc:h2:file:/x;USER=sa;PASSWORD=p": "h2 db=/x mode=file user=sa pw=p",
		"jdbc:h2:mem:":                       "h2 db= mode=mem",
		"jdbc:h2:mem:x;DB_CLOSE_DELAY=-1":    "h2 db=x mode=mem DB_CLOSE_DELAY:-1",
		"jdbc:h2:tcp://h:9092/~/x":           "h2 h|9092 db=~/x mode=tcp",
		"jdbc:h2:C:/data/x":                  "h2 db=C:/data/x mode=file",
	} {
		u, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := line(u); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
		if u.Password != "" && strings.Contains(u.String(), u.Password) {
			t.Errorf("%s: the password is shown: %s", text, u)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "jdbc:", "postgresql://h/d", "jdbc:db2://h:50000/D", "jdbc:hsqldb:mem:x", "jdbc:mysql:h/d",
		"jdbc:sqlserver:h", "jdbc:oracle:thin", "jdbc:oracle:thin:h:1:x", "jdbc:oracle:thin:u/geheim@(DESCRIPTION=(X=1))", "jdbc:h2:", "jdbc:jtds:sybase://h",
		"jdbc:postgresql://u:geheim@h/d", "geheim"} {
		u, err := Parse(text)
		if err == nil {
			t.Errorf("%q was read as %s", text, line(u))
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: the error tells the password: %v", text, err)
		}
	}
}

func TestPlace(t *testing.T) {
	for text, want := range map[string]string{
		"jdbc:db2://h:50000/D:user=u;password=geheim;": " at h:50000/D", "jdbc:x://u:geheim@h/d?password=geheim": " at h/d", "jdbc:hsqldb:mem:x": "", "geheim": "",
	} {
		if got := Place(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	for text, want := range map[string]string{
		"jdbc:postgresql://h/d": "h:5432", "jdbc:mysql://h/d": "h:3306", "jdbc:mariadb://h/d": "h:3306",
		"jdbc:sqlserver://h": "h:1433", "jdbc:oracle:thin:@h/s": "h:1521", `jdbc:sqlserver://h\i`: "h:",
	} {
		u, err := Parse(text)
		if h := u.Host(); err != nil || h.Name+":"+h.Port != want {
			t.Errorf("%s: %v %v, want %s", text, h, err, want)
		}
	}
}

// Neither text nor error may tell a password, whatever the URL is.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"jdbc:postgresql://h:1,i/d?user=u&password=p", "jdbc:mysql://u:p@[(host=h)]/d", `jdbc:sqlserver://h\i;password={a;b}`,
		"jdbc:oracle:thin:u/p@(DESCRIPTION=(HOST=h)(SID=s))", "jdbc:h2:tcp://h/~/x;PASSWORD=p", "jdbc:jtds:sqlserver://h/d;x=y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := Parse(s)
		if err == nil && u.Type == "" {
			t.Fatal("no type")
		}
		if len(u.Hosts) > len(s) || len(u.Params) > len(s) {
			t.Fatal("more came out than went in")
		}
		again, err2 := Parse(s)
		if (err == nil) != (err2 == nil) || line(u) != line(again) {
			t.Fatal("two readings differ")
		}
		_ = u.String()
	})
}
