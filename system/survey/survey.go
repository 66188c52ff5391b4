// Package survey looks at installations for a plan: what package discover finds
// in them, held against what a section of the configuration has.
//
// Nouns:
//
//   - A Survey is what the installations of one system say, all nodes together.
//   - A Folder is a folder to capture, known by what it really is: two paths of
//     one folder are one Folder.
//
// Promise: files are read and nothing else. What the installations need and the
// section lacks is named; nothing is added to a section in silence.
package survey

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ivyvault/system/discover"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// Survey is what the installations of a system say.
type Survey struct {
	*discover.Proposal
	Tree *tree.Tree
}

// Look reads the installations: the nodes' homes by the names of the nodes, or
// the one home where there are none.
func Look(ctx context.Context, e discover.Engine, home string, nodes map[string]string) (*Survey, error) {
	opt := discover.Options{Tree: tree.Host("/"), Type: e.Type(), Env: environment(), Nodes: map[string]string{}}
	if len(nodes) == 0 {
		nodes = map[string]string{"": home}
	}
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		at, err := filepath.Abs(nodes[name])
		if err != nil {
			return nil, err
		}
		opt.Paths = append(opt.Paths, at)
		opt.Nodes[at] = name
	}
	list, err := discover.Run(ctx, []discover.Engine{e}, opt)
	if err != nil {
		return nil, err
	}
	return &Survey{list[0], opt.Tree}, nil
}

func environment() settings.Environment {
	own := map[string]string{}
	for _, v := range os.Environ() {
		k, value, _ := strings.Cut(v, "=")
		own[k] = value
	}
	return settings.FromMap(own)
}

// soon is how long before its end a licence is worth a warning.
const soon = 45 * 24 * time.Hour

// LicenceNotes tells until when the licences are good.
func (s *Survey) LicenceNotes(now time.Time) (notes []string) {
	for _, l := range s.Licences {
		switch until, err := time.Parse(time.DateOnly, l.Expires); {
		case l.Problem != "":
			notes = append(notes, fmt.Sprintf("the licence %s: %s", l.Path, l.Problem))
		case err != nil:
			notes = append(notes, fmt.Sprintf("the licence %s does not say in clear text when it expires: look at it before a restore", l.Path))
		case until.Before(now):
			notes = append(notes, fmt.Sprintf("THE LICENCE %s EXPIRED on %s: an engine that is restored with it will not run", l.Path, l.Expires))
		case until.Before(now.Add(soon)):
			notes = append(notes, fmt.Sprintf("THE LICENCE %s EXPIRES SOON, on %s", l.Path, l.Expires))
		default:
			notes = append(notes, fmt.Sprintf("the licence %s expires on %s", l.Path, l.Expires))
		}
	}
	return notes
}

// SearchData are the folders in which bundled search servers of all nodes keep
// their indices.
func (s *Survey) SearchData() (folders []string) {
	for _, n := range s.Found {
		if n.Search == nil {
			continue
		}
		for _, d := range n.Search.Data {
			if !slices.Contains(folders, d.Text) {
				folders = append(folders, d.Text)
			}
		}
	}
	return folders
}

// Bundled reports whether the search server is the engine's own.
func (s *Survey) Bundled() bool { return s.Search != nil && s.Search.Bundled }

// NodeName is the name of the k-th installation, "" where there is only one.
func (s *Survey) NodeName(k int) string {
	if k < len(s.Nodes) {
		return s.Nodes[k].Name
	}
	return ""
}
