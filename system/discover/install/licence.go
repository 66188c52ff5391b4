package install

import (
	"encoding/base64"
	"encoding/json"
	"path"
	"regexp"
	"strings"
	"time"

	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// Licence is what a licence file says in clear text.
type Licence struct {
	Path    string
	Expires string // 2006-01-02, "" where it isn't readable
	From    string // where that stands
	Holder  string // "" where it isn't readable
	Problem string // why the file can't be read, "" where it can
}

// ReadLicence reads a licence file. Vendors write licences as properties, JSON
// or XML, in clear or as base64; of a sealed one only the path is known.
func ReadLicence(t *tree.Tree, name string) Licence {
	l := Licence{Path: name}
	data, err := t.Read(name)
	if err != nil {
		l.Problem = err.Error()
		return l
	}
	for _, list := range [][]settings.Setting{licenceFields(data, name), licenceFields(unwrap(data), name)} {
		for _, s := range list {
			l.take(s)
		}
		if l.Expires != "" {
			break
		}
	}
	return l
}

func licenceFields(data []byte, name string) []settings.Setting {
	text := strings.TrimSpace(string(data))
	switch {
	case text == "":
		return nil
	case text[0] == '{':
		if json.Valid(data) {
			if docs, err := settings.YAML(data, path.Base(name)); err == nil && len(docs) > 0 { // JSON is YAML
				return docs[0]
			}
		}
	case text[0] == '<':
		return xmlFields(text, name)
	}
	docs, _ := settings.Properties(data, path.Base(name))
	return docs[0]
}

// unwrap takes off lines like "-----BEGIN LICENSE-----" and base64.
func unwrap(data []byte) []byte {
	var b strings.Builder
	for _, line := range strings.Split(string(data), "\n") {
		if !strings.HasPrefix(line, "-----") {
			b.WriteString(strings.TrimSpace(line))
		}
	}
	plain, err := base64.StdEncoding.DecodeString(b.String())
	if err != nil {
		return nil
	}
	return plain
}

// xmlFields reads <name>text</name> and name="text" anywhere.
func xmlFields(text, name string) []settings.Setting {
	form := regexp.MustCompile(`<([A-Za-z][\w.-]*)[^<>]*>([^<>]+)</|([A-Za-z][\w.-]*)="([^"]*)"`)
	var list []settings.Setting
	for _, at := range form.FindAllStringSubmatchIndex(text, 1000) {
		part := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return text[at[2*i]:at[2*i+1]]
		}
		line := 1 + strings.Count(text[:at[0]], "\n")
		list = append(list, settings.Setting{Key: part(1) + part(3), Value: part(2) + part(4), From: settings.Origin{Name: path.Base(name), Line: line}})
	}
	return list
}

// take keeps a field that says until when, or for whom, the licence is.
func (l *Licence) take(s settings.Setting) {
	key := strings.ToLower(s.Key)
	last := key[strings.LastIndexAny(key, ".")+1:]
	switch {
	case strings.Contains(key, "expir"), strings.Contains(key, "until"), strings.Contains(key, "validto"), strings.Contains(key, "valid.to"),
		strings.Contains(key, "valid_to"), strings.Contains(key, "enddate"), strings.Contains(key, "end_date"), strings.Contains(key, "notafter"):
		if d, ok := date(s.Value); ok && (l.Expires == "" || d < l.Expires) {
			l.Expires, l.From = d, s.From.String()
		}
	case strings.Contains(last, "licensee"), strings.Contains(last, "licencee"), strings.Contains(key, "organisation"), strings.Contains(key, "organization"), last == "holder", last == "customer":
		if l.Holder == "" {
			l.Holder = strings.TrimSpace(s.Value)
		}
	}
}

// date reads a day in the forms that licences use.
func date(text string) (string, bool) {
	text = strings.Trim(strings.TrimSpace(text), `"'`)
	for _, form := range []string{"2006-01-02", time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "02.01.2006", "2.1.2006", "2006/01/02", "20060102", "02-Jan-2006", "Jan 2, 2006", time.UnixDate, time.ANSIC} {
		if d, err := time.Parse(form, text); err == nil {
			return d.Format("2006-01-02"), true
		}
	}
	if len(text) == 13 && strings.Trim(text, "0123456789") == "" { // milliseconds, as Java counts
		if ms, err := time.ParseDuration(text + "ms"); err == nil {
			return time.UnixMilli(ms.Milliseconds()).UTC().Format("2006-01-02"), true
		}
	}
	return "", false
}
