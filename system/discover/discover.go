// Package discover reads installations of process engines and proposes how
// they are captured.
//
// Nouns:
//
//   - An Engine knows one kind of engine: how to recognise its installation and
//     where it keeps what it needs.
//   - An Installation is what one path says: databases, search server,
//     documents, folders, licences, and what can't be covered.
//   - A Proposal is the section of a system, made of one Installation, or of
//     several that are the nodes of a cluster.
//
// Promise: files are read and nothing else: no program is started and nobody is
// asked, except by an Answers that the caller hands over. Each line of a
// Proposal says where it was found. No secret that was read is part of it.
package discover

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// Input is what an Engine reads.
type Input struct {
	Tree *tree.Tree
	Home string // path of the installation in Tree
	Env  settings.Environment
	// UserHome is the home folder of the user whom the engine runs as, empty
	// where it isn't known.
	UserHome settings.Setting
}

// Engine is one kind of engine.
type Engine interface {
	// Type is the engine's name in a configuration.
	Type() string
	// Detect says by what the installation shows that it is one of this kind,
	// "" where it does not.
	Detect(in Input) string
	// Read reads an installation. It fails only where nothing can be said;
	// what is wrong with parts of it is told by the Installation.
	Read(ctx context.Context, in Input) (*Installation, error)
}

// Options says what is discovered.
type Options struct {
	Paths    []string
	Tree     *tree.Tree
	Env      settings.Environment
	UserHome settings.Setting // without one, that of the path's owner
	Type     string           // empty: found out
	Name     string           // of the system, empty: made of the type
	// Nodes are names by path, for messages. Without one for each path they are
	// made of the paths.
	Nodes map[string]string
}

// NothingError says that a path shows no engine.
type NothingError struct {
	Path  string
	Types []string
}

func (e *NothingError) Error() string {
	return fmt.Sprintf("%s shows no engine that is known (%s): name the folder that the engine is started from, or say --type", e.Path, strings.Join(e.Types, ", "))
}

// Run reads the installations and returns a Proposal for each kind of engine
// that was found, in the order of the paths. Several paths of one kind are the
// nodes of one cluster.
func Run(ctx context.Context, engines []Engine, opt Options) ([]*Proposal, error) {
	var types []string
	found := map[string][]*Installation{}
	for _, p := range opt.Paths {
		in := Input{Tree: opt.Tree, Home: path.Clean("/" + p), Env: opt.Env, UserHome: opt.UserHome}
		if in.UserHome.Value == "" {
			in.UserHome = ownerHome(in.Tree, in.Home)
		}
		if _, err := in.Tree.List(in.Home); err != nil && !in.Tree.IsDir(in.Home) {
			return nil, err
		}
		list, err := readAll(ctx, engines, in, opt.Type)
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			if found[i.Type] == nil {
				types = append(types, i.Type)
			}
			if slices.ContainsFunc(found[i.Type], func(o *Installation) bool { return opt.Tree.Same(o.Home, i.Home) }) {
				continue // the same path twice is no cluster
			}
			i.Name = opt.Nodes[p]
			found[i.Type] = append(found[i.Type], i)
		}
	}
	var list []*Proposal
	for _, typ := range types {
		name := opt.Name
		if name == "" || len(types) > 1 {
			name = strings.Trim(opt.Name+"-"+typ, "-")
		}
		p := merge(opt.Tree, name, found[typ])
		if len(types) > 1 {
			p.Notes = append(p.Notes, fmt.Sprintf("the paths show several engines (%s): each became a system of its own", strings.Join(types, ", ")))
		}
		list = append(list, p)
	}
	return list, nil
}

func readAll(ctx context.Context, engines []Engine, in Input, typ string) ([]*Installation, error) {
	var list []*Installation
	var types []string
	for _, e := range engines {
		types = append(types, e.Type())
		why := e.Detect(in)
		switch {
		case typ == e.Type() && why == "":
			why = "--type"
		case typ != "" && typ != e.Type(), why == "":
			continue
		}
		i, err := e.Read(ctx, in)
		if err != nil {
			return nil, err
		}
		i.Type, i.Home, i.Shown = e.Type(), in.Home, why
		list = append(list, i)
	}
	if len(list) > 0 {
		return list, nil
	}
	if typ != "" && !slices.Contains(types, typ) {
		return nil, fmt.Errorf("%q is no type of engine: %s", typ, strings.Join(types, ", "))
	}
	return nil, &NothingError{in.Home, types}
}
