// Package config reads ivyvault.yaml: which repository is written to, and what
// the systems are made of.
//
// Nouns:
//
//   - A File is what was read. Every part of it has the type that the part's own
//     package declares, so that there is one place for each rule.
//   - A Problem is one thing that is wrong, with its line.
//
// Promise: nothing is passed over. A key that isn't known is an error that names
// its line and the nearest known key; a secret stands there only by its place,
// and no error repeats one that was written out.
package config

import (
	"time"

	"ivyvault/sources"
	"ivyvault/sources/opensearch"
	"ivyvault/sources/secret"
)

// File is the content of ivyvault.yaml.
type File struct {
	// Version of the file's form: 1.
	Version int `yaml:"version"`
	// Repository as --repo takes it. The flag and IVYVAULT_REPOSITORY go first.
	Repository string `yaml:"repository"`
	// Password of the repository. Flags and variables go first.
	Password secret.Value `yaml:"password"`
	// CacheDir is the folder of the local cache, Scratch that of files which
	// tools insist on writing; empty is the usual place.
	CacheDir string `yaml:"cache-dir"`
	Scratch  string `yaml:"scratch"`
	// LogFile gets what scheduled runs say.
	LogFile string `yaml:"log-file"`
	// Systems by name.
	Systems map[string]*System `yaml:"systems"`

	path    string
	secrets []place
	lines   map[string]int // by path within the file
}

// System is one engine with all that belongs to it.
type System struct {
	// Type is axon-ivy, flowable, axonserver, wso2is or custom.
	Type string `yaml:"type"`
	// Home is the folder of the installation, Data that of its data where it is
	// another one.
	Home string `yaml:"home"`
	Data string `yaml:"data"`
	// URL at which the engine answers, Token what it asks for.
	URL   string       `yaml:"url"`
	Token secret.Value `yaml:"token"`
	// Nodes of a cluster, by name.
	Nodes map[string]*Node `yaml:"nodes"`
	// Mode is hot, or cold: the engine is stopped for the capture.
	Mode string `yaml:"mode"`
	// Events, Snapshots, ControlDB, ControlDBBackup and Log are the folders of an
	// Axon Server, where they don't lie below its home.
	Events          string `yaml:"events"`
	Snapshots       string `yaml:"snapshots"`
	ControlDB       string `yaml:"controldb"`
	ControlDBBackup string `yaml:"controldb-backup"`
	Log             string `yaml:"log"`
	// Edition, Contexts, Groups, Primaries, Tiers, PathMap, RestoreTo and CAFile
	// are of an Axon Server, too: the edition (se, ee or merged) where the server
	// does not say it right; the contexts that are captured, all where none is
	// named; replication groups with other names; the node of each context by its
	// URL; further folders of segments; where folders of a container lie on this
	// machine; a folder below which is restored, beside what lives; certificates
	// by which the server is known.
	Edition   string            `yaml:"edition"`
	Contexts  []string          `yaml:"contexts"`
	Groups    []string          `yaml:"groups"`
	Primaries map[string]string `yaml:"primaries"`
	Tiers     []string          `yaml:"tiers"`
	PathMap   map[string]string `yaml:"path-map"`
	RestoreTo string            `yaml:"restore-to"`
	CAFile    string            `yaml:"ca-file"`
	// Databases, Documents and Directories by name, which is also the name of
	// their directory in a snapshot.
	Databases   map[string]*Database    `yaml:"databases"`
	Search      *opensearch.Config      `yaml:"search"`
	Documents   map[string]*Documents   `yaml:"documents"`
	Directories map[string]*Directories `yaml:"directories"`
	// Hooks are commands that run around the capture.
	Hooks Hooks `yaml:"hooks"`
	// Schedule is when a capture is due, as a calendar expression of systemd:
	// "daily", "*-*-* 02:30:00".
	Schedule string `yaml:"schedule"`
	// Retention says which snapshots are kept.
	Retention Retention `yaml:"retention"`
	// Objectives are what the captures must live up to.
	Objectives Objectives `yaml:"objectives"`
	// Protect keeps snapshots from being forgotten by a policy.
	Protect bool `yaml:"protect"`
	// Tags are given to every snapshot.
	Tags []string `yaml:"tags"`
}

// Node is one node of a cluster.
type Node struct {
	Home            string       `yaml:"home"`
	Data            string       `yaml:"data"`
	URL             string       `yaml:"url"`
	Token           secret.Value `yaml:"token"`
	Events          string       `yaml:"events"`
	Snapshots       string       `yaml:"snapshots"`
	ControlDB       string       `yaml:"controldb"`
	ControlDBBackup string       `yaml:"controldb-backup"`
	Log             string       `yaml:"log"`
}

// Part is what the parts' own packages declare.
type Part interface{ Validate() error }

// Database is one database: its type, beside the keys of that type.
type Database struct {
	Type string
	// Part is a *postgres.Config, *mysql.Config, *mssql.Config, *oracle.Config
	// or *h2.Config.
	Part Part
}

// Documents is one store of documents: its type, beside the keys of that type.
type Documents struct {
	Type string
	// Part is a *Directories, *s3.Config or *azure.Config.
	Part Part
}

// Directories is one directory that is captured as it is.
type Directories struct {
	// Path of the directory, or of a single file.
	Path string `yaml:"path"`
	// Exclude are patterns of what is left out; one that begins with a slash
	// begins at the directory.
	Exclude []string `yaml:"exclude"`
}

// Hooks are commands around a capture.
type Hooks struct {
	// Before runs before anything is captured; After always, at the end.
	Before []Hook `yaml:"before"`
	After  []Hook `yaml:"after"`
	// Stop and Start are the engine's, for a cold capture.
	Stop  *Hook `yaml:"stop"`
	Start *Hook `yaml:"start"`
}

// Hook is one command.
type Hook struct {
	// Command is an argument list; with Shell, one line for /bin/sh.
	Command []string `yaml:"command"`
	Shell   bool     `yaml:"shell"`
	// Timeout is how long it may take; 10m where nothing is said.
	Timeout time.Duration `yaml:"timeout"`
}

// Retention is which snapshots are kept, as with the flags of 'forget'. A count
// of 'unlimited' has no end.
type Retention struct {
	Last    string   `yaml:"keep-last"`
	Hourly  string   `yaml:"keep-hourly"`
	Daily   string   `yaml:"keep-daily"`
	Weekly  string   `yaml:"keep-weekly"`
	Monthly string   `yaml:"keep-monthly"`
	Yearly  string   `yaml:"keep-yearly"`
	Within  string   `yaml:"keep-within"`
	Tags    []string `yaml:"keep-tag"`
}

// Objectives are what the captures must live up to.
type Objectives struct {
	// RPO is how much work may be lost: how old the newest good snapshot may be.
	RPO time.Duration `yaml:"rpo"`
	// RTO is how long bringing the system back may take.
	RTO time.Duration `yaml:"rto"`
}

// Consistency is the mode in the words of captures.
func (s *System) Consistency() sources.Consistency {
	if s.Mode == "cold" {
		return sources.Cold
	}
	return sources.Hot
}

// Path is the file that was read.
func (f *File) Path() string { return f.path }
