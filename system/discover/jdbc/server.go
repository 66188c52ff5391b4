package jdbc

import "strings"

// sqlServer: //[host[\instance][:port]][;property=value]…, names of properties
// in any case, values that hold a semicolon in braces.
func sqlServer(body string) (URL, error) {
	u := URL{Type: SQLServer}
	rest, ok := strings.CutPrefix(body, "//")
	if !ok {
		return u, &FormError{u.Type, "has no // before its host"}
	}
	parts := splitBraces(rest)
	h := splitHost(parts[0])
	for _, part := range parts[1:] {
		k, v, _ := strings.Cut(part, "=")
		k, v = strings.TrimSpace(k), unbrace(strings.TrimSpace(v))
		switch strings.ToLower(k) {
		case "databasename", "database":
			u.Database = v
		case "servername", "server":
			h.Name = v
		case "portnumber", "port":
			h.Port = v
		case "instancename":
			u.Instance = v
		default:
			u.add(k, v)
		}
	}
	if name, instance, ok := strings.Cut(h.Name, `\`); ok {
		h.Name = name
		if u.Instance == "" {
			u.Instance = instance
		}
	}
	if h.Name == "" {
		h.Name = "localhost"
	}
	if u.Database == "" { // the login's default, which is master where nobody set it
		u.Database = "master"
	}
	u.Hosts = []Host{h}
	return u, nil
}

func unbrace(v string) string {
	if len(v) >= 2 && v[0] == '{' && v[len(v)-1] == '}' {
		return strings.ReplaceAll(v[1:len(v)-1], "}}", "}")
	}
	return v
}

// splitBraces splits at semicolons outside braces.
func splitBraces(s string) []string {
	var parts []string
	in, start := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '{' && i > 0 && s[i-1] == '=':
			in = true
		case s[i] == '}' && in && i+1 < len(s) && s[i+1] == '}':
			i++
		case s[i] == '}':
			in = false
		case s[i] == ';' && !in:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// jtds: //host[:port][/database][;property=value]…
func jtds(body string) (URL, error) {
	u := URL{Type: SQLServer}
	rest, ok := strings.CutPrefix(body, "//")
	if !ok {
		return u, &FormError{u.Type, "has no // before its host"}
	}
	parts := strings.Split(rest, ";")
	host, db, _ := strings.Cut(parts[0], "/")
	u.Hosts, u.Database = []Host{splitHost(host)}, db
	for _, part := range parts[1:] {
		k, v, _ := strings.Cut(part, "=")
		switch strings.ToLower(k) {
		case "instance":
			u.Instance = v
		case "databasename":
			u.Database = v
		default:
			u.add(k, v)
		}
	}
	if u.Database == "" {
		u.Database = "master"
	}
	return u, nil
}

// oracle: driver:[user/password]@place, where place is //host:port/service,
// host:port:SID, host:port/service, a description in brackets, an alias of
// tnsnames.ora, or ldap://…; parameters after '?'.
func oracle(body string) (URL, error) {
	u := URL{Type: Oracle}
	driver, rest, ok := strings.Cut(body, ":")
	if !ok {
		return u, &FormError{u.Type, "names no driver (thin or oci)"}
	}
	u.Mode = strings.ToLower(driver)
	login, place, ok := cutLogin(rest)
	if !ok {
		return u, &FormError{u.Type, "has no @ before its place"}
	}
	user, password, _ := strings.Cut(login, "/")
	u.User, u.Password = strings.Trim(user, `"`), strings.Trim(password, `"`)
	if strings.HasPrefix(strings.TrimSpace(place), "(") {
		return u, u.description(place)
	}
	place, q, _ := strings.Cut(place, "?")
	u.query(q)
	if _, ldap := cutPrefixFold(place, "ldap"); ldap {
		u.Alias, u.Database = true, place
		return u, nil
	}
	scheme, after, ok := strings.Cut(place, "//")
	if ok {
		if strings.TrimSuffix(scheme, ":") != "" {
			u.Params = append(u.Params, Param{"protocol", strings.TrimSuffix(scheme, ":")})
		}
		place = after
	}
	if host, service, ok := strings.Cut(place, "/"); ok {
		service, instance, _ := strings.Cut(service, "/")
		service, server, _ := strings.Cut(service, ":")
		if server != "" {
			u.Params = append(u.Params, Param{"server", server})
		}
		if instance != "" {
			u.Params = append(u.Params, Param{"instance_name", instance})
		}
		u.Hosts, u.Database = splitHosts(host), service
		return u, nil
	}
	if at := strings.LastIndex(place, ":"); at >= 0 && strings.Count(place, ":") >= 2 {
		u.Hosts, u.Database, u.SID = splitHosts(place[:at]), place[at+1:], true
		return u, nil
	}
	if ok {
		u.Hosts = splitHosts(place)
		return u, nil
	}
	u.Alias, u.Database = true, place
	return u, nil
}

// cutLogin cuts at the @ before the place; one in a password in quotes, or in
// a description, isn't it.
func cutLogin(s string) (login, place string, ok bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			quoted = !quoted
		case '@':
			if !quoted {
				return s[:i], s[i+1:], true
			}
		}
	}
	return "", "", false
}

// description reads the words HOST, PORT, SERVICE_NAME and SID out of
// (DESCRIPTION=(ADDRESS=(HOST=h)(PORT=1))(CONNECT_DATA=(SERVICE_NAME=s))).
func (u *URL) description(s string) error {
	var h Host
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '(' || r == ')' }) {
		k, v, _ := strings.Cut(part, "=")
		v = strings.TrimSpace(v)
		switch strings.ToUpper(strings.TrimSpace(k)) {
		case "HOST":
			if h.Name != "" {
				u.Hosts, h = append(u.Hosts, h), Host{}
			}
			h.Name = v
		case "PORT":
			h.Port = v
		case "SERVICE_NAME":
			u.Database, u.SID = v, false
		case "SID":
			if u.Database == "" {
				u.Database, u.SID = v, true
			}
		}
	}
	if h.Name != "" {
		u.Hosts = append(u.Hosts, h)
	}
	if u.Database == "" || len(u.Hosts) == 0 {
		return &FormError{u.Type, "describes a place without HOST and SERVICE_NAME or SID"}
	}
	return nil
}

// h2: [file:|mem:|tcp:|ssl:|zip:|classpath:]path[;SETTING=value]…
func h2(body string) (URL, error) {
	u := URL{Type: H2, Mode: "file"}
	parts := strings.Split(body, ";")
	name := parts[0]
	for _, part := range parts[1:] {
		k, v, _ := strings.Cut(part, "=")
		u.add(strings.TrimSpace(k), strings.TrimSpace(v))
	}
	for _, mode := range []string{"file", "mem", "nio", "split", "tcp", "ssl", "zip", "classpath", "nioMapped", "async", "retry"} {
		if rest, ok := cutPrefixFold(name, mode+":"); ok {
			name, u.Mode = rest, strings.ToLower(mode)
			break
		}
	}
	if u.Mode == "tcp" || u.Mode == "ssl" {
		host, path, _ := strings.Cut(strings.TrimPrefix(name, "//"), "/")
		u.Hosts, u.Database = []Host{splitHost(host)}, path
		return u, nil
	}
	if name == "" && u.Mode != "mem" {
		return u, &FormError{u.Type, "names no file"}
	}
	u.Database = name
	return u, nil
}
