package axonserver

import (
	"fmt"

	"ivyvault/sources/axonserver/segment"
)

// Alarm says that the server is not the one that was captured before, or has
// gone back: going on would lose events in silence.
type Alarm struct {
	Context string
	Kind    segment.Kind
	Node    string // that was asked
	Before  string // the node of the night before
	What    string
}

func (e *Alarm) Error() string {
	node := ""
	if e.Before != "" && e.Node != e.Before {
		node = fmt.Sprintf(" The node %s was asked, and the last time %s; nodes of a cluster may cut their segments in different places.", e.Node, e.Before)
	}
	return fmt.Sprintf("ALARM: the %s of the context %s are not the continuation of what was captured last: %s.%s Either the server was restored or replaced, or it has lost or changed events. "+
		"Find out which, and prove its store with 'ivyvault axon verify'; if it is as it should be, begin a new chain by one backup with --force. The older snapshots keep what they have",
		e.Kind, e.Context, e.What, node)
}

// DamageError says that the server's own store is wrong.
type DamageError struct {
	Path string // on this machine
	Err  error
	Do   string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("the segment %s is damaged on the server's disk, or changed while it was read: %v. %s", e.Path, e.Err, e.Do)
}
func (e *DamageError) Unwrap() error { return e.Err }

// NotCoveredError says that a context has a store of another kind.
type NotCoveredError struct {
	Context, Version, Why string
}

func (e *NotCoveredError) Error() string {
	return fmt.Sprintf("the context %s of the Axon Server %s can't be captured: %s. Contexts with dynamic consistency boundaries (DCB, since 2025.1) are in no list of files that a server gives: "+
		"let the server push its own backups of them into a folder, capture that as a directory, and leave the context out with '-%s' under 'contexts'", e.Context, e.Version, e.Why, e.Context)
}
