package scratch

import (
	"context"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// looking is how long Watch waits between two looks.
const looking = 500 * time.Millisecond

func watch(ctx context.Context, size func() int64, limit int64, over func(int64)) {
	t := time.NewTicker(looking)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if n := size(); n > limit {
				over(n)
				return
			}
		}
	}
}

// size is what the files below a folder take on disk, in bytes. What vanishes
// meanwhile takes nothing.
func size(root string) (sum int64) {
	_ = filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			if s, ok := info.Sys().(*syscall.Stat_t); ok {
				sum += s.Blocks * 512
			}
		}
		return nil
	})
	return sum
}
