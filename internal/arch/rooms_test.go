package arch

import (
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "ivyvault"

// room says which packages of this module a room may import, beside itself.
type room struct {
	name   string   // path below the module
	folder bool     // packages below the path belong to it too
	may    []string // names of rooms
	why    string
}

// rooms lists all rooms, from the top to the bottom.
func rooms() []room {
	all := func(except ...string) []string {
		var names []string
		for _, n := range []string{"system", "fusefs", "repo/verbs", "repo/versions", "sources", "repo", "repo/log", "repo/tree", "index", "repo/pack", "repo/seal", "repo/store", "chunk"} {
			if !slices.Contains(except, n) {
				names = append(names, n)
			}
		}
		return names
	}
	return []room{
		{"cmd/ivyvault", true, all(),
			"the program wires everything together, and nothing else may depend on it"},
		{"demo", true, nil,
			"the demonstration uses the program as a user does, from outside"},
		{"stories", true, nil,
			"stories run the program as it is delivered, so that they judge what users get"},
		{"large", true, nil,
			"the large cases run the program from outside, as users do"},
		{"bench", true, nil,
			"measurements run the program from outside, so that it is measured as users have it"},
		{"internal", true, nil,
			"the tools that watch over the tree must not depend on what they judge"},
		{"system", true, all("system", "fusefs"),
			"a system is captured by the verbs and through the sources; it needs no mount, and only the program may depend on it"},
		{"fusefs", true, []string{"repo/versions", "repo/tree", "chunk"},
			"the mount sees directories and verified chunks only; the repository's format is none of its business, so that it works over any chunk.Getter"},
		{"repo/verbs", true, all("system", "fusefs", "repo/verbs"),
			"a verb works on the repository and on sources, and knows neither the mount nor the program"},
		{"repo/versions", true, []string{"repo/tree", "index", "chunk"},
			"versions are found in trees and kept in a local table; the mount uses them without a repository"},
		{"sources", true, nil,
			"a source says what to capture; it must not know how a repository keeps it, else no source could be tested or used without one"},
		{"repo", false, []string{"repo/log", "repo/tree", "index", "repo/pack", "repo/seal", "repo/store", "chunk"},
			"the repository binds the rooms below it; verbs stand above it, so that they can be added without touching it"},
		{"repo/log", true, []string{"repo/seal", "repo/store", "chunk"},
			"the log decides what exists by names alone; it must not need packs, trees or the index to do so"},
		{"repo/tree", true, []string{"chunk"},
			"directories are made of chunks, wherever these lie"},
		{"index", true, []string{"chunk"},
			"the index is a table of places; what is stored and how it is sealed is the repository's concern"},
		{"repo/pack", true, []string{"chunk"},
			"container, cryptography and medium don't import one another, so that each can be judged, tested and replaced alone"},
		{"repo/seal", true, []string{"chunk"},
			"container, cryptography and medium don't import one another, so that each can be judged, tested and replaced alone"},
		{"repo/store", true, nil,
			"a store keeps bytes under names; the meaning of the bytes is not its business"},
		{"chunk", true, nil,
			"the smallest terms, which all others share, can't depend on any of them"},
	}
}

// roomOf returns the room of a package, by the longest path that fits. What
// lies below repo and is no room of its own is one of the verbs.
func roomOf(pkg string) (room, bool) {
	var best room
	longest := 0
	for _, r := range rooms() {
		at := path.Join(module, r.name)
		if r.name == "repo/verbs" {
			at = path.Join(module, "repo")
		}
		below := r.folder && strings.HasPrefix(pkg, at+"/")
		itself := pkg == at && r.name != "repo/verbs"
		if (itself || below) && len(at) > longest {
			best, longest = r, len(at)
		}
	}
	return best, best.name != ""
}

func TestRoomOf(t *testing.T) {
	for pkg, want := range map[string]string{
		"ivyvault/repo":               "repo",
		"ivyvault/repo/backup":        "repo/verbs",
		"ivyvault/repo/log":           "repo/log",
		"ivyvault/repo/store/local":   "repo/store",
		"ivyvault/repo/versions":      "repo/versions",
		"ivyvault/chunk/chunktest":    "chunk",
		"ivyvault/cmd/ivyvault":       "cmd/ivyvault",
		"ivyvault/sources/dir":        "sources",
		"ivyvault/repository":         "",
		"ivyvault/internal/somewhere": "internal",
	} {
		if r, _ := roomOf(pkg); r.name != want {
			t.Errorf("%s is in room %q, want %q", pkg, r.name, want)
		}
	}
}

// The list itself must point downward, else no order would be held by it.
func TestListPointsDownward(t *testing.T) {
	var below []string
	list := rooms()
	slices.Reverse(list)
	for _, r := range list {
		for _, m := range r.may {
			if !slices.Contains(below, m) {
				t.Errorf("room %s may import %s, which does not lie below it", r.name, m)
			}
		}
		below = append(below, r.name)
	}
}

func TestImportsPointDownward(t *testing.T) {
	for _, p := range packages(t) {
		from, ok := roomOf(p.ImportPath)
		if !ok {
			t.Errorf("%s is in no room: give it a place in the list, with a reason", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if imp != module && !strings.HasPrefix(imp, module+"/") {
				continue
			}
			to, ok := roomOf(imp)
			switch {
			case !ok: // reported at the package itself
			case to.name == from.name:
			case !slices.Contains(from.may, to.name):
				t.Errorf("%s imports %s: %s", p.ImportPath, imp, from.why)
			}
		}
	}
}

// Tests may reach further than what they test, but nothing reaches the program.
func TestNothingImportsTheProgram(t *testing.T) {
	for _, p := range packages(t) {
		for _, imp := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if imp == "ivyvault/cmd/ivyvault" || strings.HasPrefix(imp, "ivyvault/cmd/") {
				t.Errorf("%s imports %s: the program is wiring; what others could want to call belongs in a room", p.ImportPath, imp)
			}
		}
	}
}
