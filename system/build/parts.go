package build

import (
	"context"
	"fmt"
	"slices"

	"ivyvault/sources"
	"ivyvault/sources/dir"
	"ivyvault/sources/folder"
	"ivyvault/sources/opensearch"
	"ivyvault/system"
	"ivyvault/system/config"
)

// The directories of a snapshot in which the parts lie.
const (
	databasesDir   = "databases"
	searchPath     = "search"
	documentsDir   = "documents"
	directoriesDir = "directories"
)

// FolderKind is the kind of parts that are directories: they are restored as
// files, not through a source.
const FolderKind = "folder"

func (b *builder) databases() (out []system.Part) {
	for _, name := range names(b.s.Databases) {
		d := b.s.Databases[name]
		out = append(out, system.Part{Path: databasesDir + "/" + name, Kind: d.Type, What: "the database " + name, Source: b.env.source(d.Part)})
	}
	return out
}

func (b *builder) search() []system.Part {
	if b.s.Search == nil {
		return nil
	}
	what := fmt.Sprintf("the search server at %s, by the method '%s'", b.s.Search.URL, b.s.Search.Method)
	return []system.Part{{Path: searchPath, Kind: searchKind, What: what, Source: opensearch.New(*b.s.Search, opensearch.Env{Mask: b.env.Mask, Log: b.env.Log})}}
}

func (b *builder) documents() (out []system.Part) {
	for _, name := range names(b.s.Documents) {
		d := b.s.Documents[name]
		p := system.Part{Path: documentsDir + "/" + name, Kind: d.Type, What: "the documents " + name, Source: b.env.source(d.Part)}
		if f, ok := d.Part.(*config.Directories); ok {
			p.Kind, p.What = FolderKind, "the documents in "+f.Path
		}
		out = append(out, p)
	}
	return out
}

func (b *builder) directories(extra ...string) (out []system.Part) {
	for _, name := range names(b.s.Directories) {
		d := b.s.Directories[name]
		out = append(out, b.folder(directoriesDir+"/"+name, d.Path, slices.Concat(d.Exclude, extra)))
	}
	return out
}

// folder is a part that is a directory.
func (b *builder) folder(path, from string, exclude []string) system.Part {
	return system.Part{Path: path, Kind: FolderKind, What: from, Source: late{from, dir.Options{Exclude: exclude, Skip: b.env.Skip}}}
}

// late opens a directory when it is captured: one that is missing then fails
// its part, and not the plan.
type late struct {
	path string
	opt  dir.Options
}

// Capture opens the directory.
func (l late) Capture(ctx context.Context) (sources.Capture, error) {
	f, err := folder.New(l.path, l.opt)
	if err != nil {
		return nil, err
	}
	return f.Capture(ctx)
}
