package config

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// structs returns all structs that a file is decoded into.
func structs() map[reflect.Type]bool {
	all := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(t.Elem())
		case reflect.Struct:
			if all[t] || len(fields(t)) == 0 {
				return
			}
			all[t] = true
			for _, f := range fields(t) {
				visit(t.Field(f.index).Type)
			}
		}
	}
	visit(reflect.TypeFor[File]())
	for _, k := range append(databases(), stores()...) {
		visit(reflect.TypeOf(k.make()))
	}
	return all
}

// comments returns the comments of a struct's fields, from its source.
func comments(t *testing.T, s reflect.Type) map[string]string {
	t.Helper()
	dir := filepath.Join("..", "..", filepath.FromSlash(strings.TrimPrefix(s.PkgPath(), "ivyvault/")))
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{} // users know fields by their keys
	for _, f := range fields(s) {
		keys[s.Field(f.index).Name] = f.key
	}
	names := regexp.MustCompile(`\b[A-Z]\w*`)
	out := map[string]string{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			ts, ok := n.(*ast.TypeSpec)
			if !ok || ts.Name.Name != s.Name() {
				return true
			}
			for _, field := range ts.Type.(*ast.StructType).Fields.List {
				text := strings.Join(strings.Fields(field.Doc.Text()+" "+field.Comment.Text()), " ")
				text = names.ReplaceAllStringFunc(text, func(name string) string {
					if key, ok := keys[name]; ok {
						return "'" + key + "'"
					}
					return name
				})
				for _, id := range field.Names {
					if text != "" {
						out[s.PkgPath()+"."+s.Name()+"."+id.Name] = text
					}
				}
			}
			return false
		})
	}
	return out
}

// The schema's words are those of the sources, so that there is one place.
func TestWordsAreCurrent(t *testing.T) {
	want := map[string]string{}
	for s := range structs() {
		all := comments(t, s)
		for _, f := range fields(s) {
			if text := all[wordOf(s, f.index)]; text != "" {
				want[wordOf(s, f.index)] = text
			}
		}
	}
	if *update {
		p, err := json.MarshalIndent(want, "", "  ")
		if err == nil {
			err = os.WriteFile("words.json", append(p, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Log("run it once more: the words are part of the program")
	}
	got, err := words()
	if err != nil {
		t.Fatal(err)
	}
	if !*update && !reflect.DeepEqual(got, want) {
		t.Error("words.json is not what the sources say: 'go test ./system/config -update', twice, writes it and the schema")
	}
	if len(want) < 60 {
		t.Errorf("only %d fields have a comment", len(want))
	}
}
