package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// index is what a server tells of one index.
type index struct {
	name     string
	made     release
	madeAt   time.Time
	closed   bool
	shards   int
	bytes    int64 // of its primary shards on disk
	docs     int64 // when it was looked at; 0 where it is closed
	writes   int64 // operations so far; -1 where the server does not tell
	mappings json.RawMessage
	settings json.RawMessage
	aliases  json.RawMessage
}

// survey is what a server held at one time.
type survey struct {
	release release
	indices []index // by name
}

// names are those of all indices.
func (s *survey) names() []string {
	var out []string
	for i := range s.indices {
		out = append(out, s.indices[i].name)
	}
	return out
}

// description is the server's answer about an index.
type description struct {
	Mappings json.RawMessage `json:"mappings"`
	Settings struct {
		Index json.RawMessage `json:"index"`
	} `json:"settings"`
	Aliases json.RawMessage `json:"aliases"`
}

// describe asks for all that is known of the indices that patterns match.
func describe(ctx context.Context, c *client, patterns []string) (map[string]description, error) {
	// What is left out must come after what it is left out of.
	list := slices.Clone(patterns)
	sort.SliceStable(list, func(i, j int) bool {
		return !strings.HasPrefix(list[i], "-") && strings.HasPrefix(list[j], "-")
	})
	var found map[string]description
	err := c.get(ctx, &found, "expand_wildcards=open,closed&allow_no_indices=true&ignore_unavailable=false", strings.Join(list, ","))
	if isStatus(err, http.StatusNotFound) {
		return nil, fmt.Errorf("an index that is named is not there; name what there is, or a pattern such as %s*: %w", strings.TrimRight(patterns[0], "*"), err)
	}
	return found, err
}

// look finds out what the server is and what indices it has that patterns
// match. None is an error: it would be a capture of nothing.
func look(ctx context.Context, c *client, patterns []string) (*survey, error) {
	r, err := identify(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &survey{release: r}
	found, err := describe(ctx, c, patterns)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no index of the search server at %s matches %s: see GET /_cat/indices for what there is", c.base, strings.Join(patterns, ", "))
	}
	for name, d := range found {
		x, err := newIndex(name, d)
		if err != nil {
			return nil, fmt.Errorf("the search server at %s: %w", c.base, err)
		}
		s.indices = append(s.indices, x)
	}
	slices.SortFunc(s.indices, func(a, b index) int { return strings.Compare(a.name, b.name) })
	if err := s.sizes(ctx, c); err != nil {
		return nil, err
	}
	for i := range s.indices {
		if x := &s.indices[i]; !x.closed {
			if x.docs, x.writes, err = count(ctx, c, x.name); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func newIndex(name string, d description) (index, error) {
	x := index{name: name}
	if err := checkName(name); err != nil {
		return x, err
	}
	if strings.HasPrefix(name, ".ds-") {
		return x, fmt.Errorf("%s belongs to a data stream, and these are not captured: leave it out of indices", name)
	}
	var s struct {
		Shards  string `json:"number_of_shards"`
		Date    string `json:"creation_date"`
		Version struct {
			Created string `json:"created"`
		} `json:"version"`
	}
	err := json.Unmarshal(d.Settings.Index, &s)
	if err == nil {
		x.made, err = madeBy(s.Version.Created)
	}
	if err == nil {
		x.shards, err = strconv.Atoi(s.Shards)
	}
	if err != nil {
		return x, fmt.Errorf("the settings of %s are not understood: %w", name, err)
	}
	if ms, err := strconv.ParseInt(s.Date, 10, 64); err == nil {
		x.madeAt = time.UnixMilli(ms)
	}
	for _, part := range []struct {
		from json.RawMessage
		to   *json.RawMessage
	}{{d.Mappings, &x.mappings}, {d.Settings.Index, &x.settings}, {d.Aliases, &x.aliases}} {
		if *part.to, err = canonical(part.from); err != nil {
			return x, fmt.Errorf("the description of %s is not understood: %w", name, err)
		}
	}
	return x, nil
}

// sizes fills in what is closed and how large the others are.
func (s *survey) sizes(ctx context.Context, c *client) error {
	var list []struct {
		Index  string  `json:"index"`
		Status string  `json:"status"`
		Bytes  *string `json:"pri.store.size"`
	}
	query := "format=json&bytes=b&h=index,status,pri.store.size"
	if s.release.Product == openSearch || !s.release.before(release{elasticsearch, 7, 8, 0}) {
		query += "&expand_wildcards=all" // older ones have no hidden indices
	}
	if err := c.get(ctx, &list, query, "_cat", "indices"); err != nil {
		return err
	}
	for _, l := range list {
		i, ok := slices.BinarySearchFunc(s.indices, l.Index, func(x index, name string) int { return strings.Compare(x.name, name) })
		if !ok {
			continue
		}
		s.indices[i].closed = l.Status == "close"
		if l.Bytes != nil {
			s.indices[i].bytes, _ = strconv.ParseInt(*l.Bytes, 10, 64) // it only bounds the size of a page
		}
	}
	return nil
}

// count tells how many documents an index has, and how many operations it has
// seen, -1 where the server won't say.
func count(ctx context.Context, c *client, name string) (docs, writes int64, err error) {
	var n struct {
		Count  int64  `json:"count"`
		Shards shards `json:"_shards"`
	}
	if err := c.get(ctx, &n, "", name, "_count"); err != nil {
		return 0, 0, err
	}
	if n.Shards.Failed > 0 {
		return 0, 0, fmt.Errorf("the documents of %s can't be counted: %s", name, n.Shards)
	}
	var stats struct {
		All struct {
			Primaries struct {
				Indexing struct {
					Index  int64 `json:"index_total"`
					Delete int64 `json:"delete_total"`
				} `json:"indexing"`
			} `json:"primaries"`
		} `json:"_all"`
	}
	if err := c.get(ctx, &stats, "", name, "_stats", "indexing"); err != nil {
		if isStatus(err, http.StatusForbidden) {
			return n.Count, -1, nil
		}
		return 0, 0, err
	}
	i := stats.All.Primaries.Indexing
	return n.Count, i.Index + i.Delete, nil
}

// shards is how many shards a request met, and how many of them failed.
type shards struct {
	Total  int `json:"total"`
	OK     int `json:"successful"`
	Failed int `json:"failed"`
}

func (s shards) String() string {
	return fmt.Sprintf("%d of %d shards failed; see GET /_cat/shards", s.Failed, s.Total)
}

// canonical writes JSON so that equal things are equal bytes: the members of
// objects in the order of their names, indented, numbers as they were.
func canonical(p json.RawMessage) (json.RawMessage, error) {
	if len(p) == 0 {
		p = json.RawMessage("{}")
	}
	d := json.NewDecoder(bytes.NewReader(p))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
