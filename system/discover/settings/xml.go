package settings

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// XML reads the elements of a file that hold text, by the names of the elements
// around them without the outermost; the second element of a name in one place
// gets [1], and so on. Attributes come behind an @. An attribute "name" of an
// element whose name is property, Property or parameter takes its place.
func XML(data []byte, file string) ([]Setting, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = true
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var list []Setting
	type level struct {
		key  string
		text strings.Builder
		line int
		n    map[string]int
	}
	var open []*level
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		line, _ := d.InputPos()
		if err != nil {
			return list, fmt.Errorf("%s:%d is no valid XML: %w", file, line, err)
		}
		if len(list) > mostSettings || len(open) > deepest {
			return list, &TooManyError{file}
		}
		switch t := tok.(type) {
		case xml.StartElement:
			l := &level{line: line, n: map[string]int{}}
			if len(open) > 0 {
				name := t.Name.Local
				for _, a := range t.Attr {
					if a.Name.Local == "name" && strings.EqualFold(name, "property") {
						name = a.Value
					}
				}
				up := open[len(open)-1]
				l.key = join(up.key, name)
				if k := up.n[name]; k > 0 {
					l.key += "[" + strconv.Itoa(k) + "]"
				}
				up.n[name]++
			}
			open = append(open, l)
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					list = append(list, Setting{l.key + "@" + a.Name.Local, a.Value, Origin{File, file, line}})
				}
			}
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text.Write(t)
			}
		case xml.EndElement:
			l := open[len(open)-1]
			open = open[:len(open)-1]
			if text := strings.TrimSpace(l.text.String()); text != "" {
				list = append(list, Setting{l.key, text, Origin{File, file, l.line}})
			}
		}
	}
}
