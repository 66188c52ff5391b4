package opensearch

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"strings"

	"ivyvault/sources/secret"
)

// Method says by what means indices are captured.
type Method string

// The methods, from the one that is to be preferred.
const (
	// BySnapshot has the server take a snapshot into a repository on disk
	// (type fs) and captures the files of that repository.
	BySnapshot Method = "snapshot"
	// ByExport reads mappings, settings, aliases and all documents.
	ByExport Method = "export"
	// ByRebuild keeps mappings, settings, aliases and counts only: the engine
	// makes the documents anew from its database.
	ByRebuild Method = "rebuild"
)

// Unchecked is what Config.Insecure has to say, in full, so that nobody turns
// checking off by a slip.
const Unchecked = "the certificate is not checked"

// Bundled is where the server listens that comes with Axon Ivy.
const Bundled = "http://localhost:19200"

// Config says which indices of which server are captured, and how.
type Config struct {
	// URL of the server, with a path where a load balancer wants one; it must
	// hold no password. Empty is Bundled.
	URL string `yaml:"url"`
	// Username and Password for basic authentication; both or neither.
	Username string       `yaml:"username"`
	Password secret.Value `yaml:"password"`
	// CAFile names the certificates, in PEM, that the server's must be signed
	// by. Empty is what the system trusts.
	CAFile string `yaml:"ca_file"`
	// Insecure turns the check of the certificate off, and has to be the
	// sentence Unchecked to do so.
	Insecure string `yaml:"insecure"`
	// Method is snapshot, export or rebuild. Empty is snapshot.
	Method Method `yaml:"method"`
	// Indices are names, patterns (ivy-*) and aliases. One that begins with a
	// minus leaves out what it matches. They are resolved when a capture begins.
	Indices []string `yaml:"indices"`
	// Prefixes are what names of indices begin with: "ivy-" is the pattern ivy-*.
	Prefixes []string `yaml:"prefixes"`
	// Snapshot concerns the method snapshot only.
	Snapshot SnapshotConfig `yaml:"snapshot"`
	// Restore concerns what is put back.
	Restore RestoreConfig `yaml:"restore"`
}

// SnapshotConfig says where the server keeps its snapshots.
type SnapshotConfig struct {
	// Repository is the name under which the server knows the place. Empty is
	// "ivyvault".
	Repository string `yaml:"repository"`
	// Location is the folder as the server names it; it must lie in what the
	// server's path.repo names.
	Location string `yaml:"location"`
	// Local is the same folder as this machine names it. Empty is Location.
	Local string `yaml:"local"`
	// Keep is how many snapshots of ours the server keeps, the newest included.
	// 0 is 2.
	Keep int `yaml:"keep"`
}

// RestoreConfig says where snapshots are put for the server to restore from,
// and under what names.
type RestoreConfig struct {
	// Location is a folder in path.repo, as the server names it, that may take
	// a copy of the snapshot for a while. Empty is the folder that
	// Snapshot.Location lies in.
	Location string `yaml:"location"`
	// Local is the same folder as this machine names it. Empty is Location, or
	// the folder that Snapshot.Local lies in.
	Local string `yaml:"local"`
	// Prefix is put before the names of the indices that come back, so that
	// they can be looked at beside those that live. No alias comes back then.
	Prefix string `yaml:"prefix"`
}

// Validate fills in what is empty and says what is wrong.
func (c *Config) Validate() error {
	c.defaults()
	if _, err := c.base(); err != nil {
		return err
	}
	switch {
	case (c.Username == "") != c.Password.IsZero():
		return errors.New("the search server: name both username and password, or neither")
	case c.Insecure != "" && c.Insecure != Unchecked:
		return fmt.Errorf("the search server: insecure: %q is not enough to leave its certificate unchecked, anybody on the way could read the password; name its authority in ca_file, or write insecure: %q", c.Insecure, Unchecked)
	case c.Insecure != "" && c.CAFile != "":
		return errors.New("the search server: ca_file and insecure contradict each other: name one")
	case len(c.Indices)+len(c.Prefixes) == 0:
		return errors.New("the search server: no indices are named: indices: [\"ivy-*\"] is what Axon Ivy makes; for Flowable name its flowable.indexing.index-name-prefix in prefixes")
	}
	if c.CAFile != "" {
		if _, err := os.Stat(c.CAFile); err != nil {
			return fmt.Errorf("the search server: ca_file: %w", err)
		}
	}
	for _, p := range c.patterns() {
		if err := checkPattern(p); err != nil {
			return err
		}
	}
	if p := c.Restore.Prefix; p != "" {
		if err := checkName(p + "x"); err != nil {
			return fmt.Errorf("the search server: restore: prefix: %w", err)
		}
	}
	switch c.Method {
	case BySnapshot:
		return c.Snapshot.validate()
	case ByExport, ByRebuild:
		return nil
	}
	return fmt.Errorf("the search server: method: %q is none of snapshot, export, rebuild", c.Method)
}

func (c *Config) defaults() {
	if c.URL == "" {
		c.URL = Bundled
	}
	if c.Method == "" {
		c.Method = BySnapshot
	}
	s, r := &c.Snapshot, &c.Restore
	if s.Repository == "" {
		s.Repository = "ivyvault"
	}
	for _, dir := range []*string{&s.Location, &s.Local, &r.Location, &r.Local} {
		if *dir != "" {
			*dir = path.Clean(*dir)
		}
	}
	if s.Local == "" {
		s.Local = s.Location
	}
	if s.Keep == 0 {
		s.Keep = 2
	}
	switch {
	case r.Location != "" && r.Local == "":
		r.Local = r.Location
	case r.Location == "" && s.Location != "":
		r.Location, r.Local = path.Dir(s.Location), path.Dir(s.Local)
	}
}

func (s *SnapshotConfig) validate() error {
	switch {
	case s.Location == "":
		return errors.New("the search server: snapshot: location is missing: name a folder in the server's path.repo; where it has none, choose method: export or rebuild")
	case !path.IsAbs(s.Location) || !path.IsAbs(s.Local):
		return fmt.Errorf("the search server: snapshot: location %q and local %q must be absolute paths", s.Location, s.Local)
	case s.Keep < 1:
		return fmt.Errorf("the search server: snapshot: keep: %d: at least the newest one must stay, the next is made from it", s.Keep)
	}
	if err := checkName(s.Repository); err != nil {
		return fmt.Errorf("the search server: snapshot: repository: %w", err)
	}
	return nil
}

// base is the URL, parsed. An error never repeats it where it may hold a
// password.
func (c *Config) base() (*url.URL, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, errors.New("the search server: url can't be read: it must look like https://search.example:9200/path")
	case u.User != nil:
		return nil, errors.New("the search server: url must hold no name or password: write them into username and password")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("the search server: url: %q must begin with http:// or https:// and name a host", c.URL)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the search server: url must hold neither ? nor #")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// patterns are all that is asked for, as the server understands it.
func (c *Config) patterns() []string {
	var all []string
	for _, p := range c.Prefixes {
		all = append(all, p+"*")
	}
	return append(all, c.Indices...)
}
