package build

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"ivyvault/system"
	"ivyvault/system/hook"
)

// steps adds to the run book a step for each part, in the order given.
func (b *builder) steps(parts ...[]system.Part) {
	for _, p := range slices.Concat(parts...) {
		b.plan.Restore = append(b.plan.Restore, b.step(p))
	}
}

// step says how one part goes back.
func (b *builder) step(p system.Part) system.Step {
	s := system.Step{Part: p.Path, Title: "put back " + p.What}
	if l, ok := p.Source.(late); ok {
		to, only := hook.Quote(l.path), ""
		if i, err := os.Stat(l.path); err == nil && !i.IsDir() { // it goes into its folder, and leaves alone what else is there
			to, only = hook.Quote(filepath.Dir(l.path)), " --only "+hook.Quote(filepath.Base(l.path))
		}
		s.Do = []string{fmt.Sprintf("ivyvault restore --system $SYSTEM --part %s%s --to %s $SNAPSHOT", p.Path, only, to)}
		s.Hand = []string{"mkdir -p " + to, fmt.Sprintf("cp -a $MOUNTED/%s/. %s", p.Path, to)}
		return s
	}
	s.Why = []string{"It goes to where it was captured; with `--to KEY=VALUE`, in the words of its section in system.yaml, to another place. What lives there is never replaced without `--replace`."}
	s.Do = []string{fmt.Sprintf("ivyvault restore --system $SYSTEM --part %s --to original $SNAPSHOT", p.Path)}
	return s
}
