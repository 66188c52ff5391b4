// Package axonserver captures an Axon Server while it runs, part by part, and
// puts its parts back.
//
// Nouns:
//
//   - A context is a named stream of events, with snapshots of aggregates
//     beside it. Events and snapshots of each are a part of their own.
//   - A night is one capture of such a part. What the server calls closed is
//     copied once; what is still open is copied every time.
//   - A chain is a sequence of nights, each of which goes on from the state that
//     the one before left. Closed segments of the chain are carried on by
//     reference: they are neither opened nor looked for.
//   - The control database is written by the server into a zip file of its own;
//     the logs are the replication's, of the enterprise edition.
//   - A layout says which parts there are and in which stages: control database,
//     logs, snapshots, events, directories.
//
// The server only names files; they are read from the disk of this machine, for
// which a path map says where folders of a container are to be found here.
//
// Promise: every segment that is copied is proven while it goes by, and all
// tokens from 0 to the last one that the server had when the capture began are
// there, or the part fails. What shows that the server isn't the one that was
// captured before, or has gone back, is an alarm: the part fails and says what
// to do; it is never 'nothing new'.
package axonserver

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/secret"
)

// Config says where a server is and how its folders are named. Folders are
// written as the server names them, absolute; PathMap says where they lie here.
type Config struct {
	// URLs of the server, or of all nodes of a cluster: http://axon:8024. The
	// first node that stores a context is asked for it. The files that it names
	// must be readable on this machine.
	URLs []string `yaml:"urls"`
	// Token that the server asks for; the enterprise edition wants one with the
	// role ADMIN.
	Token secret.Value `yaml:"token"`
	// CAFile holds certificates, in PEM, by which the server is known.
	CAFile string `yaml:"ca-file"`
	// Edition is "se", "ee" or "merged" (2023 and later), where the server does
	// not say it right.
	Edition rest.Edition `yaml:"edition"`
	// Contexts that are captured; empty is all. A minus in front leaves one out.
	Contexts []string `yaml:"contexts"`
	// Groups are the replication groups whose logs are captured, where they have
	// other names than the contexts; _admin is one.
	Groups []string `yaml:"groups"`
	// Primaries names, by context, the URL of the node that is asked for it.
	Primaries map[string]string `yaml:"primaries"`
	// Events and Snapshots are the folders above those of the contexts, which
	// the server knows as event.storage and snapshot.storage; the same where
	// Snapshots is empty. Where Events is empty too, any folder with the name of
	// the context is taken; a restore needs it.
	Events    string `yaml:"events"`
	Snapshots string `yaml:"snapshots"`
	// Tiers are further folders of segments, of the enterprise edition.
	Tiers []string `yaml:"tiers"`
	// ControlDB is the folder of the control database (controldb-path), and
	// ControlDBBackup that in which the server writes copies of it
	// (controldb-backup-location); what it names outside is then refused.
	ControlDB       string `yaml:"controldb"`
	ControlDBBackup string `yaml:"controldb-backup"`
	// Log is the folder above those of the replication groups.
	Log string `yaml:"log"`
	// PathMap says where folders of the server lie on this machine:
	// {/axonserver/events: /var/lib/docker/volumes/events/_data}.
	PathMap map[string]string `yaml:"path-map"`
	// RestoreTo is a folder of this machine below which everything is restored,
	// beside what lives: events/CONTEXT, snapshots/CONTEXT, controldb, log/GROUP.
	// Empty is the server's own place, and the server must be stopped.
	RestoreTo string `yaml:"restore-to"`
}

// Validate says what is wrong with the configuration.
func (c *Config) Validate() error {
	var all []error
	wrong := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	for _, u := range c.URLs {
		if _, err := rest.New(u, rest.Options{}); err != nil {
			all = append(all, err)
		}
	}
	if len(c.URLs) == 0 && c.RestoreTo == "" {
		wrong("urls: name at least one, such as http://localhost:8024")
	}
	if !slices.Contains([]rest.Edition{"", rest.Standard, rest.Enterprise, rest.Merged}, c.Edition) {
		wrong("edition: %q is none: write se, ee, merged, or leave it out", string(c.Edition))
	}
	for name, u := range c.Primaries {
		if !slices.Contains(c.URLs, u) {
			wrong("primaries: %s of the context %s is not among the urls", u, name)
		}
	}
	folders := map[string]string{"events": c.Events, "snapshots": c.Snapshots, "controldb": c.ControlDB, "controldb-backup": c.ControlDBBackup, "log": c.Log}
	for i, t := range c.Tiers {
		folders[fmt.Sprintf("tiers[%d]", i)] = t
	}
	for server, here := range c.PathMap {
		folders["path-map: "+server], folders["path-map: "+server+": "] = server, here
	}
	for key, f := range folders {
		if f != "" && !path.IsAbs(f) || f == "" && strings.HasPrefix(key, "path-map") {
			wrong("%s: %q is no absolute path", key, f)
		}
	}
	return errors.Join(all...)
}

// validName reports whether a name can be that of one directory.
func validName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsAny(s, "/\\\x00")
}

// snapshots is the folder above the contexts' folders of snapshots.
func (c *Config) snapshots() string { return cmp.Or(c.Snapshots, c.Events) }

// Env is what parts need of their surroundings.
type Env struct {
	Mask  *secret.Mask
	Log   func(line string) // nil: nobody listens
	Files Files             // nil: those of this machine
	HTTP  *http.Client      // nil: one that knows the system's certificates and CAFile
	Limit time.Duration     // for one answer of the server; 0: two minutes
	Pause time.Duration     // before something is tried again; 0: a second
	// Hold is how many new files are held open ahead of their reading, so that
	// the server may remove them; 0: 256.
	Hold int
}

func (e Env) norm() Env {
	if e.Mask == nil {
		e.Mask = &secret.Mask{}
	}
	if e.Log == nil {
		e.Log = func(string) {}
	}
	if e.Files == nil {
		e.Files = local{}
	}
	e.Pause = cmp.Or(e.Pause, time.Second)
	e.Hold = cmp.Or(e.Hold, 256)
	return e
}
