package jdbc

import (
	"net/url"
	"strings"
)

// splitHost reads host, host:port, [v6]:port and v6 addresses without port.
func splitHost(s string) Host {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "[") {
		name, rest, ok := strings.Cut(s[1:], "]")
		if ok {
			return Host{name, strings.TrimPrefix(rest, ":")}
		}
	}
	if strings.Count(s, ":") > 1 {
		return Host{Name: s}
	}
	name, port, _ := strings.Cut(s, ":")
	return Host{name, port}
}

func splitHosts(s string) []Host {
	var list []Host
	for _, h := range splitOutside(s, ',') {
		if h = strings.TrimSpace(h); h != "" {
			list = append(list, splitHost(h))
		}
	}
	return list
}

// splitOutside splits at sep where it stands in no brackets.
func splitOutside(s string, sep byte) []string {
	var parts []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '(' || c == '[' || c == '{':
			depth++
		case (c == ')' || c == ']' || c == '}') && depth > 0:
			depth--
		case c == sep && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

func decode(s string) string {
	if d, err := url.PathUnescape(s); err == nil {
		return d
	}
	return s
}

func (u *URL) query(q string) {
	for _, pair := range strings.Split(q, "&") {
		k, v, _ := strings.Cut(pair, "=")
		u.add(decode(k), decode(v))
	}
}

// postgres: [//[host[:port][,…]]/][database][?params]
func postgres(body string) (URL, error) {
	u := URL{Type: PostgreSQL}
	body, q, _ := strings.Cut(body, "?")
	u.query(q)
	if rest, ok := strings.CutPrefix(body, "//"); ok {
		hosts, db, _ := strings.Cut(rest, "/")
		if _, after, ok := cutLast(hosts, "@"); ok { // the driver would take it for a host
			hosts = after
			return u, &FormError{u.Type, "has a user before its host " + hosts + ", which the driver does not take"}
		}
		u.Hosts, u.Database = splitHosts(hosts), decode(db)
	} else {
		u.Database = decode(strings.TrimPrefix(body, "/"))
	}
	if len(u.Hosts) == 0 {
		u.Hosts = []Host{{Name: "localhost"}}
	}
	if u.Database == "" { // the driver takes the user's name
		u.Database = u.User
	}
	return u, nil
}

// mysql: [mode:]//hosts/database?params, where a host may be host:port,
// (key=value,…), address=(key=value)… or user:password@host.
func mysql(typ, body string) (URL, error) {
	u := URL{Type: typ}
	mode, rest, ok := strings.Cut(body, "//")
	if !ok {
		return u, &FormError{typ, "has no // before its host"}
	}
	u.Mode = strings.Trim(mode, ":")
	rest, q, _ := strings.Cut(rest, "?")
	hosts, db := rest, ""
	if at := firstOutside(rest, '/'); at >= 0 {
		hosts, db = rest[:at], rest[at+1:]
	}
	if before, after, ok := cutLast(hosts, "@"); ok {
		user, password, _ := strings.Cut(before, ":")
		u.User, u.Password, hosts = decode(user), decode(password), after
	}
	if inner, ok := strings.CutPrefix(hosts, "["); ok && strings.HasSuffix(inner, "]") && strings.ContainsAny(inner, ",(") {
		hosts = strings.TrimSuffix(inner, "]")
	}
	for _, h := range splitOutside(hosts, ',') {
		h = strings.TrimSpace(h)
		if inner, ok := cutPrefixFold(h, "address="); ok {
			h = inner
		}
		switch {
		case strings.HasPrefix(h, "("):
			u.Hosts = append(u.Hosts, u.keyHost(h))
		case h != "":
			u.Hosts = append(u.Hosts, splitHost(h))
		}
	}
	if len(u.Hosts) == 0 {
		u.Hosts = []Host{{Name: "localhost"}}
	}
	u.Database = decode(db)
	u.query(q)
	if name, ok := u.Param("dbname"); ok && u.Database == "" {
		u.Database = name
	}
	return u, nil
}

// keyHost reads (host=h)(port=1) and (host=h,port=1).
func (u *URL) keyHost(s string) Host {
	var h Host
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '(' || r == ')' || r == ',' }) {
		k, v, _ := strings.Cut(part, "=")
		switch k = strings.TrimSpace(k); strings.ToLower(k) {
		case "host":
			h.Name = strings.TrimSpace(v)
		case "port":
			h.Port = strings.TrimSpace(v)
		default:
			u.add(k, v)
		}
	}
	return h
}

func firstOutside(s string, c byte) int {
	depth, at := 0, -1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '(' || s[i] == '[':
			depth++
		case (s[i] == ')' || s[i] == ']') && depth > 0:
			depth--
		case s[i] == c && depth == 0 && at < 0:
			at = i
		}
	}
	return at
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
