package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/urfave/cli/v2"

	"ivyvault/chunk"
	"ivyvault/fusefs"
	"ivyvault/repo"
	"ivyvault/repo/history"
	"ivyvault/repo/log"
	"ivyvault/repo/pick"
	"ivyvault/repo/tree"
	"ivyvault/repo/versions"
	"ivyvault/system"
)

type mountOptions struct {
	filter    pick.Filter
	snapshots []string
	dir       string
	path      string
	other     bool
	owned     bool
}

func mountCommand() *cli.Command {
	var o mountOptions
	return &cli.Command{
		Name:      "mount",
		Usage:     "show all snapshots as directories",
		ArgsUsage: "DIR",
		Description: `Shows the snapshots below the empty directory DIR until Ctrl-C, or until DIR is
unmounted: snapshots/<time>, snapshots/latest, ids/<id>, hosts/<host>/<time>,
tags/<tag>/<time>, systems/<name>/<time> with what was captured of a system, and
versions/<path of a file>/<time> with each version of a file once. New snapshots
appear by themselves.

Example:
  ivyvault mount /mnt/vault`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "allow-other", Usage: "let other users in, within the permissions of the files"},
			&cli.BoolFlag{Name: "owner-root", Usage: "show everything as owned by the user who mounts"},
			&cli.StringSliceFlag{Name: "snapshot", Aliases: []string{"s"}, Usage: "show `SNAPSHOT` only (may be repeated)"},
			&cli.StringFlag{Name: "subpath", Usage: "show only the directory `PATH` of each snapshot"},
		}, filterFlags()...),
		Before: func(c *cli.Context) (err error) {
			if err := wantArgs(c, 1, 1); err != nil {
				return err
			}
			o = mountOptions{snapshots: c.StringSlice("snapshot"), dir: c.Args().First(), path: c.String("subpath"), other: c.Bool("allow-other"), owned: c.Bool("owner-root")}
			o.filter, err = readFilter(c)
			return err
		},
		Action: func(c *cli.Context) error { return runMount(c, o) },
	}
}

// The memory that a mount keeps for what it read, in bytes.
const (
	mountChunks = 48 << 20
	mountPages  = 12 << 20
)

func runMount(c *cli.Context, o mountOptions) error {
	ctx := c.Context
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	r, err := openRepo(ctx, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	if !r.CanRead() {
		return fmt.Errorf("mount: %w", repo.ErrNeedsFull)
	}
	all, lost, err := r.ReadableSnapshots(ctx)
	if err != nil {
		return err
	}
	if lost != nil {
		out.note("damage", "", lost.Error())
	}
	keep, err := keepOf(all, o)
	if err != nil {
		return err
	}
	cached := chunk.NewCached(r, mountChunks)
	defer cached.Close()
	rd := tree.NewReader(cached, r.Keys().ContentHash, mountPages)
	past, err := history.Open(ctx, r, rd)
	if err != nil {
		return err
	}
	defer past.Close()
	v := &vault{repo: r, keep: keep, past: past, changed: make(chan struct{}, 1)}
	server, err := fusefs.Mount(ctx, o.dir, v, fusefs.Options{
		Tree: rd, Chunks: cached, Versions: v.past, Keep: keep, Path: o.path,
		Owned: o.owned, AllowOther: o.other, Name: "ivyvault:" + g.repository,
		Tell: func(t fusefs.Trouble) {
			text := t.Err.Error()
			if t.More > 0 {
				text += fmt.Sprintf(" (and %d more)", t.More)
			}
			out.finding(t.Path, text)
		},
	})
	if err != nil {
		return err
	}
	out.notice("", fmt.Sprintf("%s shows the snapshots; press Ctrl-C or unmount it to end", showPath(server.Dir())))
	folds, stop := context.WithCancel(ctx)
	folded := make(chan struct{})
	go func() {
		defer close(folded)
		v.foldOnChange(folds, out)
	}()
	defer func() { stop(); <-folded }()
	gone := make(chan struct{})
	go func() {
		server.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		if err := server.Unmount(); err != nil {
			return err
		}
		return nil // Ctrl-C is how a mount is ended
	}
}

// keepOf returns which snapshots are shown, nil for all.
func keepOf(all []repo.Snapshot, o mountOptions) (func(fusefs.Snapshot) bool, error) {
	if len(o.snapshots) > 0 {
		chosen, err := pick.Choose(all, o.filter, o.snapshots)
		if err != nil {
			return nil, err
		}
		ids := map[[32]byte]bool{}
		for _, s := range chosen {
			ids[s.ID] = true
		}
		return func(s fusefs.Snapshot) bool { return ids[s.ID] }, nil
	}
	f := o.filter
	if len(f.Hosts)+len(f.Tags)+len(f.Paths) == 0 {
		return nil, nil
	}
	return func(s fusefs.Snapshot) bool {
		return f.Match(repo.Snapshot{Host: s.Host, Tags: s.Tags, Paths: s.Paths})
	}, nil
}

// vault tells a mount which snapshots there are.
type vault struct {
	repo *repo.Repo
	keep func(fusefs.Snapshot) bool
	past *versions.Tabled
	// changed holds a token where the list may have changed since the table of
	// versions was looked at.
	changed chan struct{}

	mu     sync.Mutex
	listed log.Head // the log's head that the last list is of
}

var _ fusefs.Vault = (*vault)(nil)

// Snapshots lists them, and has the finder of versions know them.
func (v *vault) Snapshots(ctx context.Context) ([]fusefs.Snapshot, error) {
	head := v.repo.State().Head()
	list, _, err := v.repo.ReadableSnapshots(ctx) // what is lost was named when the mount began
	if err != nil {
		return nil, err
	}
	var shown []fusefs.Snapshot
	var past []repo.Snapshot
	for _, s := range list {
		one := fusefs.Snapshot{ID: s.ID, Time: s.Time, Host: s.Host, Tags: s.Tags, Paths: s.Paths, Root: s.Root.Ref(), Incomplete: s.Incomplete}
		if info, ok := s.SystemInfo(); ok {
			one.System, one.SystemRoot = info.Name, system.Root(info.Name)
		}
		shown = append(shown, one)
		if v.keep == nil || v.keep(one) {
			past = append(past, s)
		}
	}
	v.past.Set(history.Of(past))
	v.mu.Lock()
	v.listed = head
	v.mu.Unlock()
	select {
	case v.changed <- struct{}{}:
	default:
	}
	return shown, nil
}

// foldOnChange keeps the table of versions up to date until the context ends.
func (v *vault) foldOnChange(ctx context.Context, out *console) {
	for {
		select {
		case <-v.changed:
			foldVersions(ctx, v.repo, v.past, out)
		case <-ctx.Done():
			return
		}
	}
}

// Refresh reads the log on. It reports a change until Snapshots has listed it.
func (v *vault) Refresh(ctx context.Context) (bool, error) {
	v.mu.Lock()
	listed := v.listed
	v.mu.Unlock()
	return v.repo.RefreshSince(ctx, listed)
}
