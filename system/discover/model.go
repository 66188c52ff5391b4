package discover

import (
	"ivyvault/system/discover/install"
	"ivyvault/system/discover/settings"
)

// Value is a text of the proposal and where it was found.
type Value struct {
	Text string `json:"value"`
	From string `json:"from"`
}

// Of returns the Value of a setting.
func Of(s settings.Setting) Value { return Value{s.Value, s.From.String()} }

// By returns a Value that is the engine's own default, or follows otherwise.
func By(text, why string) Value { return Value{text, why} }

// Field is a further line of a part, by its key in the configuration.
type Field struct {
	Key string `json:"key"`
	Value
}

// Database is a database that is captured.
type Database struct {
	Name     string   `json:"name"` // its key in the section
	Type     string   `json:"type"`
	Host     Value    `json:"host"`
	Port     Value    `json:"port"`
	Database Value    `json:"database"`
	SID      bool     `json:"sid,omitempty"` // Oracle: Database is a SID
	User     Value    `json:"user"`
	Password Value    `json:"password"` // where it is to be found, never itself
	More     []Field  `json:"more,omitempty"`
	Declared []string `json:"declared"` // every place that names it
	Cold     bool     `json:"cold"`     // nobody else can open it while the engine runs
	Notes    []string `json:"notes,omitempty"`
}

// Search is the search server.
type Search struct {
	Method   Value   `json:"method"`
	URL      Value   `json:"url"`
	User     Value   `json:"user"`
	Password Value   `json:"password"`
	Indices  []Value `json:"indices,omitempty"`
	Location Value   `json:"location"` // of the server's snapshots
	Bundled  bool    `json:"bundled"`
	// Data are the folders in which a bundled server keeps its indices.
	Data []Value `json:"data,omitempty"`
}

// Store is a store of documents.
type Store struct {
	Name   string  `json:"name"`
	Type   Value   `json:"type"` // dir, s3, azure
	Fields []Field `json:"fields,omitempty"`
}

// Directory is a folder, or a single file, that is captured.
type Directory struct {
	Name    string   `json:"name"`
	Path    Value    `json:"path"`
	Exclude []Value  `json:"exclude,omitempty"`
	Node    string   `json:"node,omitempty"` // whose it is, "" for all
	Missing bool     `json:"-"`
	Notes   []string `json:"notes,omitempty"`
}

// Left is something that is left out by the engine's own rule.
type Left struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// Keystore is a store of keys or trusted certificates.
type Keystore struct {
	Path    string `json:"path"`
	What    string `json:"what"`
	From    string `json:"from"`
	Outside bool   `json:"outside"` // of the folders that are captured anyway
	Missing bool   `json:"missing,omitempty"`
}

// Rule is something in which the nodes of a cluster must agree.
type Rule struct {
	Name string // "the same system database"
	Value
}

// Installation is what one path says of an engine.
type Installation struct {
	Type, Home string
	Name       string // of the node, "" where it was not given
	Shown      string // by what the engine was recognised
	Version    Value
	Java       Value
	URL        Value
	Mode       Value
	// Stop and Start are commands for a cold capture.
	Stop, Start Command
	More        []Field // further lines of the section
	Databases   []Database
	Search      *Search
	Documents   []Store
	Folders     []Directory
	LeftOut     []Left
	Keystores   []Keystore
	Licences    []install.Licence
	Uncovered   []string
	Ask         []string
	Notes       []string
	Rules       []Rule
	Settings    []settings.Setting // all, to compare nodes by
	Cluster     []string           // what the vendor says of clusters and files don't show
	// PerNode tells of a setting that nodes may differ in. Nil: none may.
	PerNode func(key string) bool
}

// Command is an argument list and why it is proposed.
type Command struct {
	Argv []string `json:"argv"`
	From string   `json:"from"`
}

// Node is one node of a cluster.
type Node struct {
	Name string  `json:"name"`
	Home string  `json:"home"`
	URL  Value   `json:"url"`
	More []Field `json:"more,omitempty"`
}

// Check is a rule of the vendor for clusters, and whether it is kept.
type Check struct {
	Rule string `json:"rule"`
	OK   bool   `json:"ok"`
	Said string `json:"said,omitempty"`
}

// Proposal is the proposed section of a system.
type Proposal struct {
	Name        string            `json:"name"`
	Type        Value             `json:"type"`
	Home        string            `json:"home"`
	Version     Value             `json:"version"`
	Java        Value             `json:"java"`
	Mode        Value             `json:"mode"`
	Stop        Command           `json:"stop"`
	Start       Command           `json:"start"`
	URL         Value             `json:"url"`
	More        []Field           `json:"more,omitempty"`
	Nodes       []Node            `json:"nodes,omitempty"`
	Databases   []Database        `json:"databases,omitempty"`
	Search      *Search           `json:"search,omitempty"`
	Documents   []Store           `json:"documents,omitempty"`
	Directories []Directory       `json:"directories,omitempty"`
	LeftOut     []Left            `json:"left_out,omitempty"`
	Keystores   []Keystore        `json:"keystores,omitempty"`
	Licences    []install.Licence `json:"licences,omitempty"`
	Checks      []Check           `json:"checks,omitempty"`
	Differences []string          `json:"differences,omitempty"`
	Uncovered   []string          `json:"uncovered,omitempty"`
	Ask         []string          `json:"ask,omitempty"`
	Notes       []string          `json:"notes,omitempty"`
	// Found are the installations that it is made of; with several, in the order
	// of Nodes.
	Found []*Installation `json:"-"`
}
