package fusefs

import (
	"context"
	"strings"
)

// path returns where in the mount id stands, for messages; as much as can be
// told.
func (m *mount) path(ctx context.Context, id uint64) string {
	number, place, isDir := splitID(id)
	d := m.dirs.get(number)
	var parts []string
	if d != nil && !isDir {
		parts = append(parts, m.nameAt(ctx, d, place))
	}
	for ; d != nil && d.parent != nil; d = d.parent {
		parts = append(parts, m.nameAt(ctx, d.parent, d.place))
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(parts[i])
	}
	return strings.TrimPrefix(b.String(), "/")
}

func (m *mount) nameAt(ctx context.Context, d *dir, place uint64) string {
	if d.folder == nil {
		if n, err := m.nodeAt(ctx, d, place); err == nil {
			return strings.Clone(n.Name)
		}
		return "?"
	}
	if p, ok := d.folder.(*pastDir); ok {
		return p.nameAt(place)
	}
	name := "?"
	_ = d.folder.list(ctx, place, func(e entry, _ uint64) bool {
		if e.place == place {
			name = e.name
		}
		return false
	})
	return name
}
