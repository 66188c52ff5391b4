package backup

import (
	"context"
	"strings"

	"ivyvault/repo/tree"
)

// noteTop remembers what is at one of the paths that were asked for, where it
// is to be compared with the parent. Directories above the paths do not count:
// a file that comes and goes in /tmp is no change of what lies in /tmp/x.
func (x *run) noteTop(path string, n *tree.Node) {
	if !x.opt.SkipUnchanged {
		return
	}
	for _, p := range x.opt.Paths {
		if strings.Trim(p, "/") == path {
			if x.tops == nil {
				x.tops = map[string]tree.Node{}
			}
			x.tops[path] = n.Clone()
		}
	}
}

// sameTops reports whether the parent holds the same at all paths. What can't
// be read counts as changed: a snapshot more does no harm.
func (x *run) sameTops(ctx context.Context, p *parent) bool {
	if p.id == nil || len(x.tops) == 0 || len(x.findings) > 0 {
		return false
	}
	rd := tree.NewReader(x.r, x.r.Keys().ContentHash, 0)
	for _, path := range x.opt.Paths {
		path = strings.Trim(path, "/")
		now, there := x.tops[path]
		old, err := rd.Resolve(ctx, p.root.Ref(), path)
		if !there || err != nil || !old.Equal(&now) {
			return false
		}
	}
	return true
}
