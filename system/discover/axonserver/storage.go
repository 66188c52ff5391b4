package axonserver

import (
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/spring"
)

// storage settles where events, snapshots, control database and replication
// log lie. Their folders are captured by the server's own calls; all else in
// the home folder as files.
func (r *reader) storage() {
	events := r.abs(r.setting("event.storage", "./data"))
	snapshots := r.abs(r.setting("snapshot.storage", "./data"))
	control := r.abs(r.setting("controldb-path", "./data"))
	backup := r.abs(r.setting("controldb-backup-location", "."))
	log := r.abs(r.setting("replication.log-storage-folder", "./log"))
	r.More = append(r.More,
		discover.Field{Key: "events", Value: events}, discover.Field{Key: "snapshots", Value: snapshots},
		discover.Field{Key: "controldb", Value: control}, discover.Field{Key: "controldb-backup", Value: backup})
	if r.Tree.IsDir(log.Text) || log.From != "default" {
		r.More = append(r.More, discover.Field{Key: "log", Value: log})
	}
	for _, v := range []discover.Value{events, snapshots, control} {
		if !r.Tree.IsDir(v.Text) {
			r.Note("%s: the folder %s is not there: if the server runs in a container, give its file system with --root", v.From, v.Text)
		}
	}
	if backup.Text == r.Home {
		r.Note("%s: the server writes the backups of its control database into its own folder: name another place (%scontroldb-backup-location)", backup.From, prefix)
	}
	r.findContexts(events.Text, snapshots.Text)
	for _, tier := range r.Below(prefix + "event.storages") {
		r.used[spring.Squeeze(tier.Key)] = true
		r.Need("%s=%s (%s) is a further tier of events: name it by hand", tier.Key, tier.Value, tier.From)
	}
	r.home([]discover.Value{events, snapshots, control, log}, backup)
}

// findContexts names the contexts by their folders, and those that only the
// server or only the disk knows.
func (r *reader) findContexts(stores ...string) {
	var found []string
	for _, dir := range slices.Compact(stores) {
		list, err := r.Tree.List(dir)
		if err != nil {
			continue
		}
		for _, e := range list {
			at := path.Join(dir, e.Name())
			if !r.Tree.IsDir(at) || len(r.Tree.Match(at, "*.events"))+len(r.Tree.Match(at, "*.snapshots")) == 0 {
				continue
			}
			if !slices.Contains(found, e.Name()) {
				found = append(found, e.Name())
			}
			if len(r.Tree.Match(at, "*_?????.events")) > 0 {
				r.Note("context %s holds transformed segments: the highest version of each counts", e.Name())
			}
		}
	}
	slices.Sort(found)
	for _, c := range r.contexts {
		if !slices.Contains(found, c) {
			r.Note("the server has the context %s, of which no event lies here", c)
		}
	}
	for _, c := range found {
		if r.contexts != nil && !slices.Contains(r.contexts, c) {
			r.Note("events of the context %s lie here, which the server doesn't have", c)
		}
	}
	if len(found) > 0 {
		r.Note("contexts: %s", strings.Join(found, ", "))
	}
	r.Cannot("contexts with dynamic consistency boundaries (DCB, since 2025.1) can't be captured by these calls; the server itself must push them into a folder")
	r.Cannot("positions of event processors lie with the applications, not with the server: after a restore they may be ahead of it")
}

// home proposes the home folder without the stores.
func (r *reader) home(stores []discover.Value, backup discover.Value) {
	dir := discover.Directory{Name: "installation", Path: discover.By(r.Home, "as given"), Notes: []string{"program, configuration, licence, tokens, plugins"}}
	add := func(at, why string) {
		rest, in := discover.Within(r.Home, at)
		if in && rest != "" && !slices.ContainsFunc(dir.Exclude, func(v discover.Value) bool { return v.Text == "/"+rest }) {
			dir.Exclude = append(dir.Exclude, discover.By("/"+rest, why))
		}
	}
	for _, s := range stores {
		if r.Tree.IsDir(s.Text) {
			add(s.Text, "captured by the server's own calls")
		}
	}
	if backup.Text == r.Home {
		dir.Exclude = append(dir.Exclude, discover.By("/controldb*.zip", "backups that the server left behind"))
	} else {
		add(backup.Text, "backups that the server left behind")
	}
	pid := r.setting("pid-file-location", ".")
	add(path.Join(r.abs(pid).Text, "AxonIQ.pid"), "of the running process ("+pid.From+")")
	r.Folder(r.Tree, dir, true)
	for _, x := range []struct{ name, key, def string }{{"tokens", "accesscontrol.token-dir", "./security"}, {"plugins", "plugin-package-directory", "plugins/bundles"}} {
		v := r.abs(r.setting(x.key, x.def))
		if _, in := discover.Within(r.Home, v.Text); !in {
			r.Folder(r.Tree, discover.Directory{Name: x.name, Path: v}, true)
		} else if v.From != "default" {
			r.Note("%s lie in %s (%s)", x.name, v.Text, v.From)
		}
	}
	cache := r.setting("plugin-cache-directory", "plugins/cache")
	if r.Tree.IsDir(r.abs(cache).Text) {
		r.Note("the cache of plugins (%s, %s) is captured along: it is made anew where it is missing", r.abs(cache).Text, cache.From)
	}
	for _, f := range r.Files {
		if _, in := discover.Within(r.Home, f); !in {
			r.Folder(r.Tree, discover.Directory{Name: "configuration", Path: discover.By(f, "read by the server")}, true)
		}
	}
}

func (r *reader) licences() {
	dirs := []string{r.Home, path.Join(r.Home, "config")}
	if v := r.setting("enterprise.license-directory", ""); v.Text != "" {
		dirs = append(dirs, r.abs(v).Text)
		r.Note("licences lie in %s (%s)", r.abs(v).Text, v.From)
	}
	for _, d := range dirs {
		for _, p := range r.Tree.Match(d, "*.license") {
			r.Licence(r.Tree, p)
		}
	}
	if s, ok := r.Env.Get("AXONIQ_LICENSE"); ok {
		p := s.Value
		if !strings.HasPrefix(p, "/") {
			p = path.Join(r.Home, p)
		}
		r.Licence(r.Tree, path.Clean(p))
	}
}
