package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ivyvault/bench/proc"
	"ivyvault/bench/tools"
	"ivyvault/bench/trees"
)

// begin makes the repositories and the first backup, on which all else stands.
func (w *work) begin(ctx context.Context) error {
	for _, e := range w.entered {
		at := fmt.Sprintf("%s-%s-%d", e.tool.Name, w.set, w.round)
		e.out = false
		e.place = tools.Place{Dir: filepath.Join(w.dir, at), Cache: filepath.Join(w.cache, at), Source: w.source}
		if err := e.place.Prepare(); err != nil {
			return err
		}
		if _, err := proc.RunAll(ctx, e.tool.Init(e.place), w.limit); err != nil {
			w.put(e, "first", "", 0, proc.Usage{}, fmt.Errorf("its repository can't be made: %w", err))
			e.out = true
		}
	}
	return w.each(ctx, func(e *entrant) {
		u, err := w.backup(ctx, e)
		if w.set == "many" {
			return
		}
		w.put(e, "first", "", u.Wall.Seconds(), u, err)
		if err != nil {
			return
		}
		size, err := trees.Size(e.place.Repo())
		w.put(e, "size", "", mb(size), proc.Usage{}, err)
		w.put(e, "memory", "", mb(u.Anon), u, nil)
	})
}

// backup makes the next snapshot. Where it fails, the program is out.
func (w *work) backup(ctx context.Context, e *entrant) (proc.Usage, error) {
	u, err := proc.RunAll(ctx, e.tool.Backup(e.place, e.place.Newest+1), w.limit)
	if err != nil {
		e.out = true
		return u, err
	}
	e.place.Newest++
	return u, nil
}

// quietly makes one more snapshot with every program, and measures nothing.
func (w *work) quietly(ctx context.Context) error {
	var failed error
	err := w.each(ctx, func(e *entrant) {
		_, err := w.backup(ctx, e)
		failed = errors.Join(failed, err)
	})
	return errors.Join(err, failed)
}

// again makes one more backup, and what it adds.
func (w *work) again(ctx context.Context, row string) error {
	rows := []string{w.set + "." + row, w.set + ".adds", w.set + "." + row + "memory"}
	needed := row == "day2" // pruning needs the second day
	if !needed && !w.wants(rows[0], rows[2]) && !(row == "one" && w.wants(rows[1])) {
		return nil
	}
	return w.each(ctx, func(e *entrant) {
		before, err := trees.Size(e.place.Repo())
		if err != nil {
			w.put(e, row, "", 0, proc.Usage{}, err)
			return
		}
		u, err := w.backup(ctx, e)
		w.put(e, row, "", u.Wall.Seconds(), u, err)
		if err != nil {
			return
		}
		if row == "unchanged" {
			if w.set == "flat" {
				w.put(e, "unchangedmemory", "", mb(u.Anon), u, nil)
			}
			return
		}
		after, err := trees.Size(e.place.Repo())
		w.put(e, "adds", "", mb(after-before), proc.Usage{}, err)
	})
}

// open measures what opening the repository takes: the derivation of the key,
// mostly. Listing the snapshots does little else.
func (w *work) open(ctx context.Context) error {
	if !w.wants("mixed.open", "mixed.unchanged") {
		return nil
	}
	return w.each(ctx, func(e *entrant) {
		u, err := proc.RunAll(ctx, e.tool.List(e.place), w.limit)
		w.put(e, "open", "", u.Wall.Seconds(), u, err)
	})
}

// restore counts only where everything is back.
func (w *work) restore(ctx context.Context) error {
	if !w.wants(w.set + ".restore") {
		return nil
	}
	return w.each(ctx, func(e *entrant) {
		target := filepath.Join(w.dir, "restored")
		defer os.RemoveAll(target)
		u, err := w.restoreTo(ctx, e, target)
		w.put(e, "restore", "equal", u.Wall.Seconds(), u, err)
	})
}

func (w *work) restoreTo(ctx context.Context, e *entrant, target string) (proc.Usage, error) {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return proc.Usage{}, err
	}
	jobs, root, err := e.tool.Restore(ctx, e.place, target)
	if err != nil {
		return proc.Usage{}, err
	}
	u, err := proc.RunAll(ctx, jobs, w.limit)
	if err != nil {
		return u, err
	}
	return u, trees.Same(w.source, root)
}

func (w *work) check(ctx context.Context) error {
	if !w.wants(w.set + ".check") {
		return nil
	}
	return w.each(ctx, func(e *entrant) {
		u, err := proc.RunAll(ctx, e.tool.Check(e.place), w.limit)
		w.put(e, "check", "", u.Wall.Seconds(), u, err)
	})
}

// prune forgets all snapshots but the last and gives their space back.
func (w *work) prune(ctx context.Context) error {
	if !w.wants(w.set+".prune", w.set+".pruned") {
		return nil
	}
	return w.each(ctx, func(e *entrant) {
		if !e.tool.Packs {
			return
		}
		u, err := proc.RunAll(ctx, e.tool.Prune(e.place), w.limit)
		w.put(e, "prune", "", u.Wall.Seconds(), u, err)
		if err != nil {
			e.out = true
			return
		}
		size, err := trees.Size(e.place.Repo())
		w.put(e, "pruned", "", mb(size), proc.Usage{}, err)
	})
}
