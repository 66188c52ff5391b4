package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"ivyvault/bench/data"
)

// seed makes the same bytes on every machine.
const seed = 20261121

// set is one set of data and what is measured on it.
type set struct {
	name    string
	prepare func(dir string, size float64) error // before each round
	measure func(ctx context.Context, w *work) error
}

func (b *bench) sets() []set {
	return []set{
		{"mixed", mixed, measureMixed},
		{"tiny", once(func(dir string, n float64) error { return data.Tiny(dir, seed, int(n)) }), measureTiny},
		{"flat", once(func(dir string, n float64) error { return data.Flat(dir, seed, int(n)) }), measureFlat},
		{"many", once(func(dir string, _ float64) error { return data.Tiny(dir, seed, 10) }), measureMany},
	}
}

// mixed makes the first day anew: the round before made the second of it.
func mixed(dir string, size float64) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return data.Mixed(dir, seed, size)
}

// once makes data that rounds don't change, or not enough to matter.
func once(generate func(dir string, size float64) error) func(dir string, size float64) error {
	return func(dir string, size float64) error {
		if _, err := os.Stat(dir); err == nil {
			return nil
		}
		return generate(dir, size)
	}
}

func measureMixed(ctx context.Context, w *work) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	if err := w.open(ctx); err != nil {
		return err
	}
	if err := w.again(ctx, "unchanged"); err != nil {
		return err
	}
	if err := w.restore(ctx); err != nil {
		return err
	}
	if err := w.check(ctx); err != nil {
		return err
	}
	long, err := longFiles(w.source)
	if err != nil {
		return err
	}
	if err := w.mounts(ctx, w.listing(), w.long(long), w.scattered(long)); err != nil {
		return err
	}
	if !w.wants("mixed.day2", "mixed.adds", "mixed.prune", "mixed.pruned") {
		return nil
	}
	if err := data.NextDay(w.source, seed, w.sizes["mixed"]); err != nil {
		return err
	}
	if err := w.again(ctx, "day2"); err != nil {
		return err
	}
	return w.prune(ctx)
}

func measureTiny(ctx context.Context, w *work) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	if err := w.again(ctx, "unchanged"); err != nil {
		return err
	}
	if err := w.restore(ctx); err != nil {
		return err
	}
	if err := w.check(ctx); err != nil {
		return err
	}
	small, all, err := smallFiles(w.source)
	if err != nil {
		return err
	}
	return w.mounts(ctx, w.listing(), w.find("names", all), w.find("stat", all), w.small("small", 1, small), w.small("small8", 8, small))
}

func measureFlat(ctx context.Context, w *work) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	if err := w.again(ctx, "unchanged"); err != nil {
		return err
	}
	if w.wants("flat.one", "flat.adds") {
		one := filepath.Join(w.source, fmt.Sprintf("%07d.json", int(w.sizes["flat"])/2))
		if err := os.WriteFile(one, fmt.Appendf(nil, `{"id":-%d,"text":"changed"}`, w.round), 0o644); err != nil {
			return err
		}
		if err := w.again(ctx, "one"); err != nil {
			return err
		}
	}
	all := int(w.sizes["flat"])
	return w.mounts(ctx, w.listing(), w.find("names", all), w.find("stat", all))
}

// measureMany is about IvyVault alone: what many snapshots do to its mount.
func measureMany(ctx context.Context, w *work) error {
	all := w.entered
	w.entered = all[:1]
	defer func() { w.entered = all }()
	if err := w.begin(ctx); err != nil {
		return err
	}
	for range int(w.sizes["many"]) - 1 {
		if err := w.quietly(ctx); err != nil {
			return err
		}
	}
	return w.mounts(ctx, w.listing())
}
