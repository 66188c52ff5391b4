package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// eachFile parses the Go files of all packages, tests left out.
func eachFile(t *testing.T, visit func(p listed, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	for _, p := range packages(t) {
		fset := token.NewFileSet()
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			visit(p, fset, f)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		begin := "Package " + p.Name + " "
		if p.Name == "main" {
			begin = "Command " + filepath.Base(p.ImportPath) + " "
		}
		if len(p.GoFiles) > 0 && !strings.HasPrefix(p.Doc, begin) {
			t.Errorf("%s has no package comment that begins with %q: a stranger must be able to tell what belongs there", p.ImportPath, begin)
		}
	}
}

func TestNoInit(t *testing.T) {
	eachFile(t, func(p listed, fset *token.FileSet, f *ast.File) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: no init(): what the program can do stands in explicit tables of cmd/ivyvault, not in what happens to be imported", fset.Position(fn.Pos()))
			}
		}
	})
}

func TestProgramExportsNothing(t *testing.T) {
	eachFile(t, func(p listed, fset *token.FileSet, f *ast.File) {
		if !strings.HasPrefix(p.ImportPath, "ivyvault/cmd/") {
			return
		}
		for _, name := range exported(f) {
			t.Errorf("%s: %s is exported by a program: what another could want to call belongs in a room below", fset.Position(name.Pos()), name.Name)
		}
	})
}

// exported returns the names that a file declares at its top and exports.
func exported(f *ast.File) []*ast.Ident {
	var names []*ast.Ident
	add := func(id *ast.Ident) {
		if id.IsExported() {
			names = append(names, id)
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add(d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(s.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						add(id)
					}
				}
			}
		}
	}
	return names
}

func TestInterfacesAreSmall(t *testing.T) {
	eachFile(t, func(p listed, fset *token.FileSet, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok && i.Methods.NumFields() > 5 {
				t.Errorf("%s: an interface of %d methods: more than five are hard to fake, to wrap and to keep a promise about", fset.Position(i.Pos()), i.Methods.NumFields())
			}
			return true
		})
	})
}

func TestTypesAreNamedForWhatTheyAre(t *testing.T) {
	vague := []string{"Manager", "Helper", "Util", "Common"}
	eachFile(t, func(p listed, fset *token.FileSet, f *ast.File) {
		for _, w := range vague {
			if strings.Contains(strings.ToLower(p.Name), strings.ToLower(w)) {
				t.Errorf("package %s: %q says nothing about what belongs there", p.ImportPath, w)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSpec)
			for _, w := range vague {
				if ok && strings.Contains(strings.ToLower(s.Name.Name), strings.ToLower(w)) {
					t.Errorf("%s: type %s: %q says nothing about what belongs there", fset.Position(s.Pos()), s.Name.Name, w)
				}
			}
			return true
		})
	})
}
