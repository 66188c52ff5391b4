package azure

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/azure/azuretest"
	"ivyvault/sources/objects"
	"ivyvault/sources/objects/objectstest"
	"ivyvault/sources/secret"
	"ivyvault/sources/sourcetest"
)

func configFor(t *testing.T, at, container string) Config {
	t.Helper()
	t.Setenv("AZURE_TEST_KEY", azuretest.Key)
	key, err := secret.Parse("{env:AZURE_TEST_KEY}")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Endpoint: at, Account: azuretest.Account, Container: container, AccountKey: key}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c
}

func made(t *testing.T, at, name string) *bucket {
	t.Helper()
	c := configFor(t, at, name)
	b, err := dial(t.Context(), &c, &secret.Mask{})
	if err == nil {
		err = b.Make(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, b *bucket, key, content string, m objects.Metadata) {
	t.Helper()
	if err := b.Put(t.Context(), objects.Upload{Key: key, Size: int64(len(content)), Meta: m, From: strings.NewReader(content)}); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, b *bucket, key string) {
	t.Helper()
	resp, err := b.do(t.Context(), request{method: "DELETE", what: "delete", blob: key})
	if err != nil {
		t.Error(err)
		return
	}
	resp.Body.Close()
}

func take(t *testing.T, p *Part, before *objectstest.Night) *objectstest.Night {
	t.Helper()
	n, err := objectstest.Take(t.Context(), p, before)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// before makes a proxy before the server; its URL names the account, too.
func before(t *testing.T, s *azuretest.Server) (*objectstest.Proxy, string) {
	p := objectstest.Before(t, strings.TrimSuffix(s.URL, "/"+azuretest.Account))
	return p, p.URL + "/" + azuretest.Account
}

var invoice = objects.Metadata{ContentType: "application/pdf", ContentLanguage: "de", ContentDisposition: "inline", CacheControl: "no-store",
	User: map[string]string{"case": "4711"}, Tags: map[string]string{"level": "2 more/less=x"}}

func TestTwoNightsAndBack(t *testing.T) {
	s := azuretest.Start(t)
	b := made(t, s.URL, "docs")
	all := map[string]string{
		"2024/in/a.pdf": "invoice a", "2024-x": "beside the folder", "2024": "a folder as well", "ünïcode/日本 +%&=?#.txt": "name",
		"empty": "", "double//slash": "d", "folder/": "marker", "big": strings.Repeat("0123456789abcdef", 1<<20+7),
		strings.Repeat("l", 300): "long", "e~object": "mark", "a\\b": "backslash",
	}
	for k, c := range all {
		put(t, b, k, c, invoice)
	}
	proxy, at := before(t, s)
	p := New(configFor(t, at, "docs"), Env{})
	t.Run("conformance", func(t *testing.T) {
		small := configFor(t, s.URL, "docs")
		small.Prefix = "2024"
		sourcetest.Run(t, func(*testing.T) sources.Source { return New(small, Env{}) })
	})
	first := take(t, p, nil)
	if first.Facts.Counts["objects"] != int64(len(all)) {
		t.Errorf("%v of %d objects", first.Facts.Counts, len(all))
	}
	proxy.Paths()
	put(t, b, "2024/in/c.pdf", "invoice c", invoice)
	all["2024/in/c.pdf"] = "invoice c"
	second := take(t, p, first)
	var read []string
	for _, line := range proxy.Paths() {
		if !strings.Contains(line, "comp=list") {
			read = append(read, line)
		}
	}
	if want := []string{"GET /devstoreaccount1/docs/2024/in/c.pdf", "GET /devstoreaccount1/docs/2024/in/c.pdf?comp=tags"}; !slices.Equal(read, want) {
		t.Errorf("the second night read %q", read)
	}
	t.Run("all", func(t *testing.T) {
		c := configFor(t, s.URL, "again")
		if _, err := New(c, Env{}).Restore(t.Context(), second.FS(), sources.RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "'create: true' makes it") {
			t.Errorf("a container that isn't there: %v", err)
		}
		c.Create = true
		done, err := New(c, Env{}).Restore(t.Context(), second.FS(), sources.RestoreOptions{Facts: second.Facts})
		if err != nil || !reflect.DeepEqual(done.Counts, second.Facts.Counts) {
			t.Fatalf("%v, %v", done, err)
		}
		third := take(t, New(c, Env{}), nil)
		for name, want := range second.Tree {
			if got := third.Tree[name]; name != "bucket.json" && !reflect.DeepEqual(got, want) {
				t.Errorf("%q did not come back as it was", name)
			}
		}
		if len(third.Tree) != len(all)+1 {
			t.Errorf("%d files, want %d and bucket.json", len(third.Tree), len(all))
		}
		var occupied *sources.OccupiedError
		if _, err := New(c, Env{}).Restore(t.Context(), second.FS(), sources.RestoreOptions{}); !errors.As(err, &occupied) {
			t.Errorf("it writes over what lives: %v", err)
		}
	})
	t.Run("one blob", func(t *testing.T) {
		remove(t, b, "2024/in/a.pdf")
		done, err := p.Restore(t.Context(), second.FS(), sources.RestoreOptions{Only: []string{"2024/in/a.pdf"}})
		if err != nil || done.Counts["objects"] != 1 {
			t.Fatalf("%v, %v", done, err)
		}
		body, err := b.Open(t.Context(), objects.Object{Key: "2024/in/a.pdf"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		if got, err := io.ReadAll(body); string(got) != "invoice a" || err != nil || !reflect.DeepEqual(body.Meta, invoice) {
			t.Errorf("got %q, %v, %+v", got, err, body.Meta)
		}
	})
}

func TestWhatChangesMeanwhile(t *testing.T) {
	s := azuretest.Start(t)
	b := made(t, s.URL, "docs")
	for _, k := range []string{"a", "b", "c"} {
		put(t, b, k, "content of "+k, objects.Metadata{})
	}
	big := strings.Repeat("big and whole ", 200_000)
	put(t, b, "d", big, objects.Metadata{})
	proxy, at := before(t, s)
	gone := false
	proxy.Before = func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/docs/a") && r.Header.Get("If-Match") != "" {
			put(t, b, "a", "another", objects.Metadata{})
		}
		if strings.HasSuffix(r.URL.Path, "/docs/b") && !gone {
			gone = true
			remove(t, b, "b")
		}
	}
	cuts := 0
	proxy.Body = func(r *http.Response) error { // the connection breaks twice in the middle
		if strings.HasSuffix(r.Request.URL.Path, "/docs/d") && cuts < 2 {
			cuts++
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(r.Body, 1<<20), r.Body}
		}
		return nil
	}
	night := take(t, New(configFor(t, at, "docs"), Env{}), nil)
	if got := string(night.Tree["objects/a"].Data); got != "another" || !slices.Equal(night.Gone, []string{"objects/b"}) {
		t.Errorf("captured %q, gone %q", got, night.Gone)
	}
	if string(night.Tree["objects/d"].Data) != big || cuts != 2 {
		t.Errorf("a broken connection was not taken up again after %d cuts", cuts)
	}
}

func TestWrongKeysAreNotEchoed(t *testing.T) {
	s := azuretest.Start(t)
	made(t, s.URL, "docs")
	const wrong = "d3Jvbmcta2V5LXdyb25nLWtleQ=="
	t.Setenv("AZURE_TEST_OTHER", wrong)
	other, err := secret.Parse("{env:AZURE_TEST_OTHER}")
	if err != nil {
		t.Fatal(err)
	}
	c := configFor(t, s.URL, "docs")
	c.AccountKey = other
	_, err = New(c, Env{}).Capture(t.Context())
	if err == nil || strings.Contains(err.Error(), wrong) || !strings.Contains(err.Error(), "check 'account'") {
		t.Errorf("the error is: %v", err)
	}
	// A signature is part of URLs, and must not be shown with them.
	const sig = "c2lnbmF0dXJlLW9mLW1pbmU"
	t.Setenv("AZURE_TEST_OTHER", "?sv=2021-12-02&sr=c&sp=rl&sig="+sig)
	for _, at := range []string{s.URL, "http://127.0.0.1:1/" + azuretest.Account} {
		c = Config{Endpoint: at, Account: azuretest.Account, Container: "docs", SASToken: other}
		if _, err = New(c, Env{}).Capture(t.Context()); err == nil || strings.Contains(err.Error(), sig) {
			t.Errorf("the error is: %v", err)
		}
	}
}

func TestConnectionString(t *testing.T) {
	s := azuretest.Start(t)
	put(t, made(t, s.URL, "docs"), "a", "content", objects.Metadata{})
	t.Setenv("AZURE_TEST_STRING", "DefaultEndpointsProtocol=http;AccountName="+azuretest.Account+";AccountKey="+azuretest.Key+";BlobEndpoint="+s.URL+";")
	v, err := secret.Parse("{env:AZURE_TEST_STRING}")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Container: "docs", ConnectionString: v}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if n := take(t, New(c, Env{}), nil); n.Facts.Counts["objects"] != 1 || !strings.HasPrefix(n.Facts.Version, "Azurite") {
		t.Errorf("captured %+v", n.Facts)
	}
}

func TestServerThatDies(t *testing.T) {
	for _, when := range []string{"while it lists", "while it is read"} {
		t.Run(when, func(t *testing.T) {
			s := azuretest.Start(t)
			b := made(t, s.URL, "docs")
			for i := range 3 {
				put(t, b, fmt.Sprintf("k%d", i), strings.Repeat("x", 1<<20), objects.Metadata{})
			}
			proxy, at := before(t, s)
			lists := 0
			proxy.Before = func(r *http.Request) {
				list := strings.Contains(r.URL.RawQuery, "comp=list")
				if list {
					lists++
				}
				if list == (when == "while it lists") && (lists > 1) {
					s.Kill()
				}
			}
			_, err := objectstest.Take(t.Context(), New(configFor(t, at, "docs"), Env{}), nil)
			if err == nil || !strings.Contains(err.Error(), "the container docs at") {
				t.Errorf("the error is: %v", err)
			}
		})
	}
}

func TestEscape(t *testing.T) {
	for name, want := range map[string]string{"a b/c": "a%20b/c", "ü+?#%": "%C3%BC%2B%3F%23%25", "~-._": "~-._"} {
		if got := escape(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
		if back, err := url.PathUnescape(escape(name)); back != name || err != nil {
			t.Errorf("%q comes back as %q, %v", name, back, err)
		}
	}
}
