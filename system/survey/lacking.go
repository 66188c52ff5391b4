package survey

import (
	"fmt"
	"strings"

	"ivyvault/sources/s3"
	"ivyvault/system/config"
	"ivyvault/system/discover"
)

// Lacking names what the installations need and a section does not have:
// databases, folders, stores of documents, and what no part can capture.
func (s *Survey) Lacking(c *config.System, list []Folder) (out []string) {
	out = s.Missing(c.Databases)
	for _, d := range s.Directories {
		if !d.Missing && !Covers(list, d.Path.Text) {
			out = append(out, fmt.Sprintf("THE FOLDER %s IS NOT COVERED (%s): nothing below 'directories' holds it", d.Path.Text, d.Path.From))
		}
	}
	for _, d := range s.Documents {
		if at := field(d.Fields, "path"); at != "" {
			if !kept(c, at) && !Covers(list, at) {
				out = append(out, fmt.Sprintf("THE DOCUMENTS OF %s ARE NOT COVERED: they lie in %s (%s), and nothing below 'documents' captures it", d.Name, at, d.Type.From))
			}
		} else if !stored(c, d.Fields) {
			out = append(out, fmt.Sprintf("THE DOCUMENTS OF %s ARE NOT COVERED: they lie in a bucket (%s), and nothing below 'documents' captures it", d.Name, d.Type.From))
		}
	}
	for _, u := range s.Uncovered {
		if !known(c, u) {
			out = append(out, u)
		}
	}
	return out
}

// field is a field's text, "" where there is none.
func field(fields []discover.Field, key string) string {
	for _, f := range fields {
		if f.Key == key {
			return f.Text
		}
	}
	return ""
}

// kept reports whether a folder is captured as documents.
func kept(c *config.System, at string) bool {
	var list []Folder
	for name, d := range c.Documents {
		if x, ok := d.Part.(*config.Directories); ok {
			list = append(list, Folder{Name: name, Path: x.Path, Real: real(x.Path), Exclude: x.Exclude})
		}
	}
	return Covers(list, at)
}

func stored(c *config.System, fields []discover.Field) bool {
	bucket := field(fields, "bucket")
	for _, d := range c.Documents {
		if x, ok := d.Part.(*s3.Config); ok && (bucket == "" || x.Bucket == bucket) {
			return true
		}
	}
	return false
}

// known reports whether a sentence about something uncovered speaks of what the
// section has all the same: a database of a project that was added by hand, or
// the system database, where the installation tells of it by variables only.
func known(c *config.System, text string) bool {
	if strings.HasPrefix(text, "no system database is declared") {
		return len(c.Databases) > 0
	}
	for _, d := range c.Databases {
		p := configured(d.Part)
		for _, h := range []string{p.host, "127.0.0.1"} {
			at := h + ":" + p.port + "/" + p.name
			_, rest, ok := strings.Cut(text, at)
			whole := rest == "" || strings.ContainsAny(rest[:1], " ,;()")
			if ok && whole && p.name != "" && (h == p.host || p.host == "localhost") {
				return true
			}
		}
	}
	return false
}
