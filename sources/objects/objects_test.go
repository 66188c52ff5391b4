package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/objects/objectstest"
	"ivyvault/sources/secret"
	"ivyvault/sources/sourcetest"
)

type source struct {
	f   *fake
	opt Options
}

func (s source) Capture(ctx context.Context) (sources.Capture, error) {
	return Capture(ctx, s.f, s.opt)
}

func nasty() *fake {
	return newFake("a", "a/b", "a-b", "a/", "/x", "x//y", "../../p", "./q", "n\x00ul", "l/"+strings.Repeat("ö", 200), "b.txt", "b", "b/c/d", "~", "e~object", "\xff\xfe", "new\nline")
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(*testing.T) sources.Source { return source{f: nasty()} })
}

func take(t *testing.T, s sources.Source, before *objectstest.Night) *objectstest.Night {
	t.Helper()
	now, err := objectstest.Take(t.Context(), s, before)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func same(t *testing.T, got, want *fake) {
	t.Helper()
	for k, w := range want.things {
		g, ok := got.things[k]
		if !ok || !bytes.Equal(g.content, w.content) || !reflect.DeepEqual(g.meta, w.meta) {
			t.Errorf("%q is %+v, was %+v", k, g, w)
		}
	}
	if len(got.things) != len(want.things) {
		t.Errorf("%d objects are back, there were %d", len(got.things), len(want.things))
	}
}

func TestRoundTripOfNastyKeys(t *testing.T) {
	f := nasty()
	night := take(t, source{f: f}, nil)
	if n := night.Facts.Counts["objects"]; n != int64(len(f.things)) {
		t.Errorf("%d objects are counted, there are %d", n, len(f.things))
	}
	back := newFake()
	done, err := Restore(t.Context(), back, Options{}, night.FS(), sources.RestoreOptions{Facts: night.Facts})
	if err != nil {
		t.Fatal(err)
	}
	same(t, back, f)
	if !reflect.DeepEqual(done.Counts, night.Facts.Counts) || len(done.Notes) > 0 {
		t.Errorf("it says %+v, captured were %v", done, night.Facts.Counts)
	}
}

func TestSecondNightOpensWhatIsNew(t *testing.T) {
	f := nasty()
	first := take(t, source{f: f}, nil)
	f.opened = nil
	f.set("b.txt", "another")
	f.set("a/new", "new")
	f.remove("x//y")
	second := take(t, source{f: f}, first)
	if slices.Sort(f.opened); !slices.Equal(f.opened, []string{"a/new", "b.txt"}) {
		t.Errorf("it opened %q", f.opened)
	}
	back := newFake()
	if _, err := Restore(t.Context(), back, Options{}, second.FS(), sources.RestoreOptions{Facts: second.Facts}); err != nil {
		t.Fatal(err)
	}
	same(t, back, f)
}

func TestChangedAndDeletedMeanwhile(t *testing.T) {
	f := nasty()
	f.fuss = func(key string) {
		switch key {
		case "b/c/d":
			if len(f.things[key].content) < 20 {
				f.set(key, "quite another content")
			}
		case "b.txt":
			f.remove(key)
		}
	}
	night := take(t, source{f: f}, nil)
	if got := string(night.Tree["objects/b/c/d"].Data); got != "quite another content" {
		t.Errorf("captured is %q", got)
	}
	if got, want := night.Facts.Counts["objects"], int64(len(f.things)); got != want {
		t.Errorf("%d objects are counted, there are %d", got, want)
	}
	back := newFake()
	if _, err := Restore(t.Context(), back, Options{}, night.FS(), sources.RestoreOptions{Facts: night.Facts}); err != nil {
		t.Fatal(err)
	}
	f.opened = nil
	take(t, source{f: f}, night)
	if !slices.Equal(f.opened, []string{"b/c/d"}) {
		t.Errorf("the night after opened %q, not what had changed", f.opened)
	}
}

func TestBrokenBodiesGoOn(t *testing.T) {
	f := newFake("a")
	f.set("a", strings.Repeat("0123456789", 5))
	f.cut = 20
	night := take(t, source{f: f}, nil)
	if got := string(night.Tree["objects/a"].Data); got != strings.Repeat("0123456789", 5) {
		t.Errorf("got %q", got)
	}
	if want := []string{"a", "a from 20", "a from 40"}; !slices.Equal(f.opened, want) {
		t.Errorf("it opened %q", f.opened)
	}
	f.opened = nil
	f.fuss = func(string) {
		if len(f.opened) == 1 {
			f.set("a", strings.Repeat("another", 50))
		}
	}
	if _, err := objectstest.Take(t.Context(), source{f: f}, nil); err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "replaced or deleted while it was read, after 20 of 50 bytes") {
		t.Errorf("a mixture is captured, or: %v", err)
	}
}

// A server that is gone is asked for one object and for its bucket, not for
// thousands of objects; one that does not answer about one object goes on.
func TestServerIsGone(t *testing.T) {
	for _, c := range []struct {
		listens bool
		opened  int
	}{{false, 2}, {true, 4}} {
		f := newFake("a", "b", "c", "d")
		f.silent, f.listens = 2, c.listens
		capture, err := Capture(t.Context(), f, Options{})
		if err != nil {
			t.Fatal(err)
		}
		lost := 0
		for e, err := range capture.Entries(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Attr.Type != sources.File || e.Path == about {
				continue
			}
			_, err := e.Open(t.Context())
			var gone *sources.LostError
			if errors.As(err, &gone) {
				lost++
				if !strings.Contains(err.Error(), "the fake bucket does not answer any more: connection refused") || !strings.Contains(err.Error(), "look whether its server runs") {
					t.Errorf("it says: %v", err)
				}
			} else if (err == nil) != (e.Path == "objects/a") {
				t.Errorf("%s: %v", e.Path, err)
			}
		}
		if want := 3; len(f.opened) != c.opened || !c.listens && lost != want {
			t.Errorf("listens %v: %d were opened, %d said that the server is gone", c.listens, len(f.opened), lost)
		}
	}
}

func TestListingThatBreaksOffIsNoCapture(t *testing.T) {
	f := nasty()
	var mask secret.Mask
	mask.Add("hunter2")
	f.listErr, f.listEnd = fmt.Errorf("the server hunter2 hung up"), 5
	c, err := Capture(t.Context(), f, Options{Mask: &mask})
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range c.Entries(t.Context()) {
		last = err
	}
	if last == nil || strings.Contains(last.Error(), "hunter2") || !errors.Is(last, f.listErr) {
		t.Errorf("it ends with %v", last)
	}
	if _, err := c.(sources.Described).Facts(t.Context()); err == nil {
		t.Error("there are facts of half a list")
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRestoreChecksFirst(t *testing.T) {
	night := take(t, source{f: newFake("in/a", "in/b/c")}, nil)
	for name, c := range map[string]struct {
		target *fake
		opt    Options
		only   []string
		what   string
	}{
		"occupied":     {target: newFake("z"), what: "is not empty"},
		"key occupied": {target: newFake("in/a"), only: []string{"in/a"}, what: "is not empty"},
		"no bucket":    {target: &fake{absent: true, things: map[string]thing{}}, what: "no bucket"},
		"no such key":  {target: newFake(), only: []string{"in/a", "in/z"}, what: `no captured object is called "in/z"`},
	} {
		before := len(c.target.things)
		_, err := Restore(t.Context(), c.target, c.opt, night.FS(), sources.RestoreOptions{Only: c.only})
		if err == nil || !strings.Contains(err.Error(), c.what) || len(c.target.things) != before {
			t.Errorf("%s: %v, %d objects", name, err, len(c.target.things))
		}
	}
	if _, err := Restore(t.Context(), newFake(), Options{}, objectstest.Tree{}.FS(), sources.RestoreOptions{}); err == nil {
		t.Error("nothing is taken for a capture")
	}
}

func TestRestoreOfSome(t *testing.T) {
	f := newFake("in/a", "in/b", "in/b/c", "in/b/d/e", "in/b/\x00", "in/b/", "out")
	night := take(t, source{f: f}, nil)
	for _, c := range []struct {
		only   []string
		prefix string
		want   string
	}{
		{[]string{"in/a"}, "", "in/a"},
		{[]string{"in/b"}, "", "in/b"},
		{[]string{"in/b/"}, "", "in/b/ in/b/\x00 in/b/c in/b/d/e"},
		{[]string{"in/b/d/", "out"}, "back/", "back/in/b/d/e back/out"},
		{nil, "new/", "new/in/a new/in/b new/in/b/ new/in/b/\x00 new/in/b/c new/in/b/d/e new/out"},
	} {
		target := newFake("in/live")
		opt := sources.RestoreOptions{Only: c.only}
		done, err := Restore(t.Context(), target, Options{Prefix: c.prefix}, night.FS(), opt)
		var got []string
		for k := range target.things {
			if k != "in/live" {
				got = append(got, k)
			}
		}
		slices.Sort(got)
		if err != nil || strings.Join(got, " ") != c.want || done.Counts["objects"] != int64(len(got)) {
			t.Errorf("%q into %q: %q, %v, %v", c.only, c.prefix, got, done, err)
		}
	}
}

func TestReplaceAndCreate(t *testing.T) {
	night := take(t, source{f: newFake("a", "b")}, nil)
	target := newFake("a", "z")
	target.absent = true
	target.things["a"] = thing{content: []byte("old"), modified: time.Unix(1, 0)}
	done, err := Restore(t.Context(), target, Options{Create: true}, night.FS(), sources.RestoreOptions{Replace: true})
	if err != nil || string(target.things["a"].content) != "content of a" || target.absent {
		t.Errorf("%v, %+v", err, target.things)
	}
	if len(done.Notes) != 1 || !strings.Contains(done.Notes[0], "1 more objects") {
		t.Errorf("notes: %q", done.Notes)
	}
	_, err = Restore(t.Context(), newFake(), Options{}, night.FS(), sources.RestoreOptions{Facts: sources.Facts{Counts: map[string]int64{"objects": 3}}})
	if err == nil || !strings.Contains(err.Error(), "3 objects were captured, and 2 are back") {
		t.Errorf("two of three are enough: %v", err)
	}
}
