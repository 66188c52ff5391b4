package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/ls"
	"ivyvault/repo/store"
	"ivyvault/repo/tree"
)

func catCommand() *cli.Command {
	return &cli.Command{
		Name:      "cat",
		Usage:     "show a stored object as JSON",
		ArgsUsage: "KIND [ID]",
		Description: `Shows what a stored object says, verified and decoded: config, key ID, log NUMBER,
index ID, pack ID, snapshot ID, page ID, list ID or data ID. ID may be the beginning of
one, but of pages, lists and data it must be whole; data comes out as it is. A
snapshot may be given as for other verbs.

Example:
  ivyvault cat log 0`,
		Before: func(c *cli.Context) error {
			if c.Args().First() == "config" {
				return wantArgs(c, 1, 1)
			}
			return wantArgs(c, 2, 2)
		},
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err != nil {
				return err
			}
			r, err := openRepo(c.Context, g, out)
			if err != nil {
				return err
			}
			defer r.Close()
			what, id := c.Args().First(), c.Args().Get(1)
			show, ok := catTable()[what]
			if !ok {
				var names []string
				for n := range catTable() {
					names = append(names, n)
				}
				return usageError("cat", "there is no kind of object called %q%s", what, nearest(what, names))
			}
			value, err := show(c.Context, r, id)
			if err != nil {
				return err
			}
			if raw, ok := value.([]byte); ok {
				_, err := out.out.Write(raw)
				return err
			}
			return out.report(value, func(w io.Writer) { printIndented(w, value) })
		},
	}
}

// catTable holds, for each kind of object, how it is read.
func catTable() map[string]func(context.Context, *repo.Repo, string) (any, error) {
	return map[string]func(context.Context, *repo.Repo, string) (any, error){
		"config":   func(_ context.Context, r *repo.Repo, _ string) (any, error) { return r.Config(), nil },
		"key":      catKey,
		"log":      catLog,
		"index":    catIndex,
		"pack":     catPack,
		"snapshot": catSnapshot,
		"page":     catPage,
		"list":     catList,
		"data":     catData,
	}
}

func catKey(ctx context.Context, r *repo.Repo, id string) (any, error) {
	n, err := r.FindObject(ctx, store.Key, id)
	if err != nil {
		return nil, err
	}
	s, err := r.SlotInfo(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", n.Short(), err)
	}
	return struct {
		ID        repo.Name `json:"id"`
		Role      string    `json:"role"`
		Label     string    `json:"label"`
		Created   time.Time `json:"created"`
		Passes    uint32    `json:"kdf_passes"`
		MemoryKiB uint32    `json:"kdf_memory_kib"`
		Lanes     uint8     `json:"kdf_lanes"`
		Signer    repo.Name `json:"signer"`
	}{n, s.Role.String(), s.Label, s.Created, s.Argon.Passes, s.Argon.MemoryKiB, s.Argon.Lanes, s.Signer}, nil
}

// logView is an entry of the log as JSON shows it.
type logView struct {
	Number   uint64    `json:"number"`
	Hash     repo.Name `json:"hash"`
	Previous repo.Name `json:"previous"`
	Time     time.Time `json:"time"`
	Type     string    `json:"type"`
	Role     string    `json:"signer_role"`
	Signer   repo.Name `json:"signer"`
	Body     any       `json:"body"`
}

func catLog(ctx context.Context, r *repo.Repo, number string) (any, error) {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no number of a log entry", number)
	}
	e, err := r.LogEntry(ctx, n)
	if err != nil {
		return nil, err
	}
	return viewOfEntry(e), nil
}

func viewOfEntry(e *log.Entry) logView {
	return logView{
		e.Number, e.Hash, e.Previous, time.UnixMilli(int64(e.Time)).UTC(), e.Body.Type().String(),
		e.Signer.Role.String(), e.Signer.Public, bodyView(e.Body),
	}
}

func catIndex(ctx context.Context, r *repo.Repo, id string) (any, error) {
	n, err := r.FindObject(ctx, store.Index, id)
	if err != nil {
		return nil, err
	}
	f, signer, err := r.IndexFile(ctx, n)
	if err != nil {
		return nil, err
	}
	type pack struct {
		Name   repo.Name   `json:"name"`
		Kind   string      `json:"kind"`
		Size   int64       `json:"size"`
		Chunks []chunkView `json:"chunks"`
	}
	packs := make([]pack, len(f.Packs))
	for i, p := range f.Packs {
		packs[i] = pack{Name: p.Name, Kind: packKind(p.Kind), Size: p.Size, Chunks: []chunkView{}}
		for _, c := range p.Chunks {
			packs[i].Chunks = append(packs[i].Chunks, chunkView{c.Kind.String(), c.ID.String(), c.Size, c.Stored})
		}
	}
	return struct {
		Name   repo.Name `json:"name"`
		Role   string    `json:"signer_role"`
		Signer repo.Name `json:"signer"`
		Packs  []pack    `json:"packs"`
	}{n, signer.Role.String(), signer.Public, packs}, nil
}

// chunkView is a chunk of a pack as JSON shows it.
type chunkView struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Size   uint32 `json:"size"`
	Stored uint32 `json:"stored"`
}

func packKind(k uint8) string {
	if k == 2 {
		return "tree"
	}
	return "data"
}

func catPack(ctx context.Context, r *repo.Repo, id string) (any, error) {
	n, err := r.FindObject(ctx, store.Pack, id)
	if err != nil {
		return nil, err
	}
	entries, err := r.PackTable(ctx, n)
	if err != nil {
		return nil, err
	}
	chunks := make([]chunkView, len(entries))
	for i, e := range entries {
		chunks[i] = chunkView{e.Ref.Kind.String(), e.Ref.ID.String(), e.Ref.Size, e.Stored}
	}
	return struct {
		Name   repo.Name   `json:"name"`
		Chunks []chunkView `json:"chunks"`
	}{n, chunks}, nil
}

func catSnapshot(ctx context.Context, r *repo.Repo, what string) (any, error) {
	list, err := r.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	form := repo.Name{}
	if s, err := repo.FindSnapshot(list, what, nil); err == nil {
		form = s.Form
	} else if form, err = r.FindObject(ctx, store.Snapshot, what); err != nil {
		return nil, err
	}
	plain, signer, err := r.SnapshotForm(ctx, form)
	if err != nil {
		return nil, err
	}
	return struct {
		Form     repo.Name `json:"form"`
		Role     string    `json:"signer_role"`
		Signer   repo.Name `json:"signer"`
		Snapshot any       `json:"snapshot"`
	}{form, signer.Role.String(), signer.Public, plain}, nil
}

// findChunk makes a Ref of a chunk's id.
func findChunk(ctx context.Context, r *repo.Repo, kind chunk.Kind, text string) (chunk.Ref, error) {
	var id chunk.ID
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return chunk.Ref{}, fmt.Errorf("%q is no chunk's id: that has 64 hexadecimal digits", text)
	}
	copy(id[:], b)
	places, err := r.Locate(ctx, kind, id)
	if err != nil {
		return chunk.Ref{}, err
	}
	if len(places) == 0 {
		return chunk.Ref{}, fmt.Errorf("%s chunk %s: %w", kind, id, chunk.ErrNotFound)
	}
	return chunk.Ref{ID: id, Size: places[0].Size, Kind: kind}, nil
}

func catPage(ctx context.Context, r *repo.Repo, id string) (any, error) {
	ref, err := findChunk(ctx, r, chunk.Page, id)
	if err != nil {
		return nil, err
	}
	p, err := tree.NewReader(r, r.Keys().ContentHash, 0).Load(ctx, ref)
	if err != nil {
		return nil, err
	}
	type row struct {
		First   string `json:"first_name"`
		ID      string `json:"id"`
		Size    uint32 `json:"size"`
		Entries uint64 `json:"entries"`
	}
	view := struct {
		Level   int        `json:"level"`
		Entries uint64     `json:"entries"`
		Rows    []row      `json:"rows,omitempty"`
		Nodes   []nodeView `json:"nodes,omitempty"`
	}{Level: p.Level(), Entries: p.Count()}
	for i := range p.Len() {
		if p.Level() > 0 {
			child, count := p.Child(i)
			name, _ := ls.Text(string(p.Name(i)))
			view.Rows = append(view.Rows, row{name, child.ID.String(), child.Size, count})
			continue
		}
		n := p.Node(i)
		view.Nodes = append(view.Nodes, viewOfNode(&n))
	}
	return view, nil
}

func catList(ctx context.Context, r *repo.Repo, id string) (any, error) {
	ref, err := findChunk(ctx, r, chunk.List, id)
	if err != nil {
		return nil, err
	}
	p, err := tree.NewReader(r, r.Keys().ContentHash, 0).LoadList(ctx, ref)
	if err != nil {
		return nil, err
	}
	type item struct {
		Size uint64 `json:"size"`
		ID   string `json:"id,omitempty"` // left out for a hole
	}
	items := make([]item, p.Len())
	for i := range items {
		it := p.Item(i)
		items[i].Size = it.Size
		if !it.Ref.IsZero() {
			items[i].ID = it.Ref.ID.String()
		}
	}
	return struct {
		Level int    `json:"level"`
		Items []item `json:"items"`
	}{p.Level(), items}, nil
}

func catData(ctx context.Context, r *repo.Repo, id string) (any, error) {
	ref, err := findChunk(ctx, r, chunk.Data, id)
	if err != nil {
		return nil, err
	}
	return r.Get(ctx, ref)
}
