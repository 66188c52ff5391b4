package opensearch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
)

// described is an index of an exported tree, ready to be made.
type described struct {
	recorded
	mappings json.RawMessage
	first    map[string]any // settings
	then     map[string]any
	aliases  map[string]json.RawMessage
	size     int64 // of its documents, bytes
}

// load puts back an exported tree. All is read and looked at, but for the
// documents, before anything is changed.
func (r *restoring) load(ctx context.Context) error {
	var all []described
	size := int64(0) // what an index takes is about what its documents take as text
	for _, x := range r.chosen {
		d, err := r.describe(x)
		if err != nil {
			return err
		}
		all = append(all, d)
		size += d.size
	}
	if err := r.occupied(ctx); err != nil {
		return err
	}
	if err := r.room(ctx, size); err != nil {
		return err
	}
	for i := range all {
		if err := r.index(ctx, &all[i]); err != nil {
			return err
		}
	}
	if r.p.c.Restore.Prefix != "" {
		r.out.Notes = append(r.out.Notes, "aliases were not put back, since they belong to the indices that live")
	}
	if r.taken.Product != r.to.Product || r.to.before(r.taken) {
		r.out.Notes = append(r.out.Notes, fmt.Sprintf("the indices were captured from %v and are now in %v: look whether the engine finds what it searches for", r.taken, r.to))
	}
	return nil
}

// describe reads what describes an index.
func (r *restoring) describe(x recorded) (described, error) {
	d := described{recorded: x}
	read := func(name string) ([]byte, error) {
		return readFile(r.from, path.Join(folder(x.Name), name), longestAnswer)
	}
	p, err := read(settingsName)
	if err == nil {
		d.first, d.then, err = newSettings(p, r.to)
	}
	if err == nil {
		d.mappings, err = read(mappingsName)
	}
	if err == nil {
		p, err = read(aliasesName)
	}
	if err == nil {
		err = json.Unmarshal(p, &d.aliases)
	}
	if err == nil && !json.Valid(d.mappings) {
		err = errors.New("its mappings are no JSON")
	}
	if err == nil {
		var info fs.FileInfo
		if info, err = fs.Stat(r.from, path.Join(folder(x.Name), documentsName)); err == nil {
			d.size = info.Size()
		}
	}
	if err != nil {
		return d, fmt.Errorf("the capture of %s can't be used: %w", x.Name, err)
	}
	return d, nil
}

// index makes an index and fills it. One that did not become whole goes again.
func (r *restoring) index(ctx context.Context, d *described) error {
	name := r.target(d.Name)
	if _, ok := r.lives[name]; ok {
		if err := r.delete(ctx, name); err != nil {
			return err
		}
		r.opt.Say("deleted %s, which is replaced", name)
	}
	body := map[string]any{"settings": d.first, "mappings": d.mappings}
	if err := r.c.call(ctx, request{method: http.MethodPut, path: []string{name}, body: body, long: true}, nil); err != nil {
		return fmt.Errorf("the index %s can't be made: %w", name, err)
	}
	n, err := r.fill(ctx, d.Name, name)
	if err == nil {
		err = r.counted(ctx, name, n)
	}
	if want, ok := r.opt.Facts.Counts[d.Name]; err == nil && ok && want != n {
		err = fmt.Errorf("the capture of %s holds %d documents, and %d were counted when it was made", d.Name, n, want)
	}
	if err == nil {
		err = r.finish(ctx, name, d)
	}
	if err == nil {
		return nil
	}
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearing)
	defer cancel()
	delete(r.out.Counts, name)
	if e := r.delete(clean, name); e != nil {
		return fmt.Errorf("the index %s was not restored: %w; what came back of it could not be deleted: %w", name, err, e)
	}
	return fmt.Errorf("the index %s was not restored, and there is none of that name now: %w", name, err)
}

// finish gives an index the settings and aliases that it must not have before.
func (r *restoring) finish(ctx context.Context, name string, d *described) error {
	if len(d.aliases) > 0 && r.p.c.Restore.Prefix == "" {
		var actions []any
		for alias, about := range d.aliases {
			add := map[string]any{}
			if err := json.Unmarshal(about, &add); err != nil {
				return fmt.Errorf("the alias %s: %w", alias, err)
			}
			add["index"], add["alias"] = name, alias
			actions = append(actions, map[string]any{"add": add})
		}
		if err := r.c.call(ctx, request{method: http.MethodPost, path: []string{"_aliases"}, body: map[string]any{"actions": actions}}, nil); err != nil {
			return fmt.Errorf("its aliases: %w", err)
		}
	}
	if len(d.then) > 0 {
		if err := r.c.call(ctx, request{method: http.MethodPut, path: []string{name, "_settings"}, body: d.then}, nil); err != nil {
			return fmt.Errorf("its settings: %w", err)
		}
	}
	return nil
}

// longestLine bounds a document, in bytes; servers take 100 MB at once.
const longestLine = 128 << 20

// fill sends the documents of a captured index and returns how many there were.
func (r *restoring) fill(ctx context.Context, from, to string) (int64, error) {
	f, err := r.from.Open(path.Join(folder(from), documentsName))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	b := &bulk{c: r.c, index: to}
	lines := bufio.NewReaderSize(f, 256<<10)
	for number := int64(1); ; number++ {
		line, err := readLine(lines)
		if err == io.EOF {
			return number - 1, b.send(ctx)
		}
		if err == nil {
			err = b.add(ctx, line)
		}
		if err != nil {
			return 0, fmt.Errorf("line %d of the captured %s: %w", number, from, err)
		}
	}
}

// readLine returns a line without its end; io.EOF says that there is none.
func readLine(r *bufio.Reader) ([]byte, error) {
	var long []byte
	for {
		p, err := r.ReadSlice('\n')
		switch {
		case err == nil && long == nil:
			return bytes.TrimSuffix(p, []byte("\n")), nil
		case err == nil:
			return bytes.TrimSuffix(append(long, p...), []byte("\n")), nil
		case err == io.EOF && len(p)+len(long) > 0:
			return nil, errors.New("it ends in the middle of a line")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(long)+len(p) > longestLine:
			return nil, fmt.Errorf("it is longer than %d MiB", longestLine>>20)
		}
		long = append(long, p...)
	}
}
