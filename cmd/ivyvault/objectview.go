package main

import (
	"encoding/hex"
	"encoding/json"
	"io"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/ls"
	"ivyvault/repo/tree"
)

// printIndented prints a value as JSON for people.
func printIndented(w io.Writer, value any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(value) // a Builder never fails, and what is printed always encodes
}

// bodyView shows the body of a log entry with its names in digits.
func bodyView(b log.Body) any {
	switch b := b.(type) {
	case log.Whole:
		return struct {
			Snapshots []map[string]repo.Name `json:"snapshots"`
			Index     []repo.Name            `json:"index"`
			Marked    []repo.Name            `json:"marked"`
			Kept      []string               `json:"kept_runs"`
		}{formsOf(b.Snapshots), names(b.Index), marked(b.Marks), runsKept(b.Keeps)}
	case log.Commit:
		return struct {
			Snapshot repo.Name   `json:"snapshot"`
			Form     repo.Name   `json:"form"`
			Replaces *repo.Name  `json:"replaces,omitempty"`
			Run      string      `json:"run"`
			Index    []repo.Name `json:"index"`
		}{b.ID, b.Form, unlessZero(b.Replaces), hex.EncodeToString(b.Run[:]), names(b.Index)}
	case log.Forget:
		return struct {
			Snapshots []repo.Name `json:"snapshots"`
		}{names(b.Snapshots)}
	case log.Mark:
		return struct {
			Packs []repo.Name `json:"packs"`
		}{names(b.Packs)}
	case log.Keep:
		return struct {
			Run    string      `json:"run"`
			Parent *repo.Name  `json:"parent,omitempty"`
			Index  []repo.Name `json:"index"`
		}{hex.EncodeToString(b.Run[:]), unlessZero(b.Parent), names(b.Index)}
	case log.Sweep:
		runs := []string{}
		for _, r := range b.Ended {
			runs = append(runs, hex.EncodeToString(r[:]))
		}
		return struct {
			Packs        []repo.Name `json:"packs"`
			IndexRemoved []repo.Name `json:"index_removed"`
			IndexAdded   []repo.Name `json:"index_added"`
			Ended        []string    `json:"runs_ended"`
		}{names(b.Packs), names(b.IndexRemoved), names(b.IndexAdded), runs}
	}
	return nil
}

func names(list []log.Name) []repo.Name {
	out := []repo.Name{}
	for _, n := range list {
		out = append(out, n)
	}
	return out
}

func formsOf(list []log.Snapshot) []map[string]repo.Name {
	out := []map[string]repo.Name{}
	for _, s := range list {
		out = append(out, map[string]repo.Name{"id": s.ID, "form": s.Form})
	}
	return out
}

func marked(list []log.Marked) []repo.Name {
	out := []repo.Name{}
	for _, m := range list {
		out = append(out, m.Pack)
	}
	return out
}

func runsKept(list []log.Kept) []string {
	out := []string{}
	for _, k := range list {
		out = append(out, hex.EncodeToString(k.Run[:]))
	}
	return out
}

func unlessZero(n log.Name) *repo.Name {
	if n == (log.Name{}) {
		return nil
	}
	name := repo.Name(n)
	return &name
}

// nodeView is a directory entry as it is stored.
type nodeView struct {
	ls.Entry
	Form   string `json:"form,omitempty"`
	Chunk  string `json:"chunk,omitempty"`
	Offset uint32 `json:"offset,omitempty"`
	Xattrs int    `json:"xattrs,omitempty"`
	Stamp  string `json:"stamp,omitempty"` // hexadecimal
}

func viewOfNode(n *tree.Node) nodeView {
	v := nodeView{Entry: ls.EntryOf(n.Name, n, nil), Offset: n.Content.Offset, Xattrs: len(n.Xattrs), Stamp: hex.EncodeToString(n.Stamp)}
	ref := n.Content.Ref
	switch {
	case n.Type == tree.Dir:
		ref = n.Tree
	case n.Type == tree.File:
		v.Form = [...]string{"empty", "inline", "slice", "chunk", "list"}[n.Content.Form]
	}
	if ref != (chunk.Ref{}) {
		v.Chunk = ref.ID.String()
	}
	return v
}
