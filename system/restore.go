package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"ivyvault/repo"
	"ivyvault/repo/restore"
	"ivyvault/repo/tree"
	"ivyvault/sources"
)

// Find returns the snapshot of a system that a user means: "latest" is the
// newest that is whole, "latest~N" the one N before it, a time as in the mount
// the newest of that second, and otherwise the beginning of an id. With part
// set, whole means that this part is.
func Find(list []repo.Snapshot, name, what, part string) (repo.Snapshot, error) {
	var mine []repo.Snapshot
	for _, s := range list {
		if info, ok := s.SystemInfo(); ok && info.Name == name {
			mine = append(mine, s)
		}
	}
	if len(mine) == 0 {
		return repo.Snapshot{}, fmt.Errorf("there is no snapshot of a system %q: %w", name, &repo.NotFoundError{What: name})
	}
	if !slices.ContainsFunc(mine, func(s repo.Snapshot) bool {
		info, _ := s.SystemInfo()
		_, has := info.Part(part)
		return has
	}) {
		part = "" // who opens the snapshot says which parts it has
	}
	slices.SortStableFunc(mine, func(a, b repo.Snapshot) int { return a.Time.Compare(b.Time) })
	for i := len(mine) - 1; i >= 0; i-- {
		if TimeName(mine[i].Time) == what {
			return mine[i], nil
		}
	}
	s, err := repo.FindSnapshot(mine, what, func(s repo.Snapshot) bool { return whole(s, part) })
	var none *repo.NotFoundError
	if errors.As(err, &none) && strings.HasPrefix(what, "latest") {
		return s, fmt.Errorf("none of the %d snapshots of the system %s is whole: name one by its id, knowing that something is missing in it: %w", len(mine), name, err)
	}
	return s, err
}

func whole(s repo.Snapshot, part string) bool {
	if part == "" {
		return !s.Incomplete
	}
	info, _ := s.SystemInfo()
	p, ok := info.Part(part)
	return ok && p.Whole
}

// Stored is a snapshot of a system, opened for reading.
type Stored struct {
	Snapshot repo.Snapshot
	Manifest Manifest
	r        *repo.Repo
	root     string
	fs       *tree.FS
}

// Open opens a system's snapshot. What is read is read under ctx.
func Open(ctx context.Context, r *repo.Repo, s repo.Snapshot) (*Stored, error) {
	info, ok := s.SystemInfo()
	if !ok {
		return nil, fmt.Errorf("the snapshot %s is no system's: restore it by 'ivyvault restore %s'", s.ID.Short(), s.ID.Short())
	}
	rd := tree.NewReader(r, r.Keys().ContentHash, 16<<20)
	st := &Stored{Snapshot: s, r: r, root: Root(info.Name), fs: tree.NewFS(ctx, rd, s.Root.Ref())}
	p, err := fs.ReadFile(st.fs, st.root+"/"+ManifestName)
	if err != nil {
		return nil, fmt.Errorf("the manifest of the snapshot %s: %w", s.ID.Short(), err)
	}
	if err := json.Unmarshal(p, &st.Manifest); err != nil {
		return nil, fmt.Errorf("the manifest of the snapshot %s can't be understood: %w", s.ID.Short(), err)
	}
	return st, nil
}

// Part returns what the manifest says of a part. The error names the parts that
// there are, or says why this one is missing.
func (s *Stored) Part(path string) (PartDone, error) {
	p, ok := s.Manifest.part(path)
	if !ok {
		var names []string
		for _, x := range s.Manifest.Parts {
			names = append(names, x.Path)
		}
		return p, fmt.Errorf("the system %s has no part %q in the snapshot %s: it has %s", s.Manifest.System, path, s.Snapshot.ID.Short(), strings.Join(names, ", "))
	}
	if p.Error != "" {
		return p, fmt.Errorf("the part %s is not in the snapshot %s, since its capture failed: %s: choose another snapshot", path, s.Snapshot.ID.Short(), p.Error)
	}
	return p, nil
}

// Path is where a part lies in the snapshot's tree.
func (s *Stored) Path(part string) string { return s.root + "/" + part }

// RunBook returns the run book of the snapshot.
func (s *Stored) RunBook() (string, error) {
	p, err := fs.ReadFile(s.fs, s.root+"/"+RunBookName)
	return string(p), err
}

// Section returns the system's section of the configuration, as it was then.
func (s *Stored) Section() ([]byte, error) {
	p, err := fs.ReadFile(s.fs, s.root+"/"+SectionName)
	if err != nil {
		return nil, fmt.Errorf("the configuration that the system had is not in the snapshot: name one with --config: %w", err)
	}
	return p, nil
}

// Restore puts a part back through the source that captures its kind.
func (s *Stored) Restore(ctx context.Context, path string, to sources.Restorer, opt sources.RestoreOptions) (sources.Restored, error) {
	p, err := s.Part(path)
	if err != nil {
		return sources.Restored{}, err
	}
	from, err := fs.Sub(s.fs, s.root+"/"+path)
	if err != nil {
		return sources.Restored{}, err
	}
	opt.Facts = p.Facts
	done, err := to.Restore(ctx, from, opt)
	if err == nil && !p.Whole {
		done.Notes = append(done.Notes, fmt.Sprintf("the part was not captured whole: %d things in it could not be read then", p.Unreadable))
	}
	return done, err
}

// RestoreFolder puts a part that is a directory back below a target. One that
// holds something is refused unless replace is set, which makes it what the
// snapshot has.
func (s *Stored) RestoreFolder(ctx context.Context, path string, opt restore.Options, replace bool, obs restore.Observer) (restore.Report, error) {
	if _, err := s.Part(path); err != nil {
		return restore.Report{}, err
	}
	if !replace {
		if err := vacant(opt.Target); err != nil {
			return restore.Report{}, err
		}
	}
	opt.Path = s.root + "/" + path
	opt.Delete = replace && len(opt.Include)+len(opt.IInclude)+len(opt.Exclude)+len(opt.IExclude) == 0
	return restore.Run(ctx, s.r, s.Snapshot.Root.Ref(), opt, obs)
}
