package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"ivyvault/sources"
	"ivyvault/sources/objects"
	"ivyvault/sources/objects/objectstest"
	"ivyvault/sources/s3/s3test"
	"ivyvault/sources/secret"
	"ivyvault/sources/sourcetest"
)

func configFor(t *testing.T, url, bucket string) Config {
	t.Helper()
	t.Setenv("S3_TEST_ACCESS", s3test.AccessKey)
	t.Setenv("S3_TEST_SECRET", s3test.SecretKey)
	access, err1 := secret.Parse("{env:S3_TEST_ACCESS}")
	key, err2 := secret.Parse("{env:S3_TEST_SECRET}")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	c := Config{Endpoint: url, PathStyle: true, Bucket: bucket, AccessKey: access, SecretKey: key}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c
}

func made(t *testing.T, url, name string) *bucket {
	t.Helper()
	c := configFor(t, url, name)
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

func take(t *testing.T, p *Part, before *objectstest.Night) *objectstest.Night {
	t.Helper()
	n, err := objectstest.Take(t.Context(), p, before)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var invoice = objects.Metadata{ContentType: "application/pdf", ContentLanguage: "de", ContentDisposition: "inline", CacheControl: "no-store",
	User: map[string]string{"case": "4711"}, Tags: map[string]string{"level": "2 more/less=x"}}

// content of so many bytes, the same for the same seed.
func content(seed uint64, size int) string {
	r := rand.New(rand.NewPCG(seed, 2))
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return string(p)
}

func fill(t *testing.T, b *bucket) map[string]string {
	all := map[string]string{
		"2024/in/a.pdf": "invoice a", "2024/in/b.pdf": "invoice b", "2024-x": "beside the folder", "ünïcode/日本 +%&=?#.txt": "name",
		"empty": "", "big": content(1, 20<<20), "z/deep/er/f": "f", "2024.txt": "text",
	}
	for k, c := range all {
		put(t, b, k, c, invoice)
	}
	return all
}

func TestTwoNightsAndBack(t *testing.T) {
	s := s3test.Start(t)
	b := made(t, s.URL, "docs")
	all := fill(t, b)
	proxy := objectstest.Before(t, s.URL)
	p := New(configFor(t, proxy.URL, "docs"), Env{})
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
		if strings.HasPrefix(line, "GET /docs/") && !strings.Contains(line, "?list-type") && !strings.Contains(line, "versioning") {
			read = append(read, line)
		}
	}
	if len(read) != 2 || !strings.HasPrefix(read[0], "GET /docs/2024/in/c.pdf?x-id=GetObject") || !strings.Contains(read[1], "tagging") {
		t.Errorf("the second night read %q", read)
	}

	t.Run("all", func(t *testing.T) {
		c := configFor(t, s.URL, "again")
		if _, err := New(c, Env{}).Restore(t.Context(), second.FS(), sources.RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "'create: true' makes it") {
			t.Errorf("a bucket that isn't there: %v", err)
		}
		c.Create = true
		done, err := New(c, Env{}).Restore(t.Context(), second.FS(), sources.RestoreOptions{Facts: second.Facts})
		if err != nil || !reflect.DeepEqual(done.Counts, second.Facts.Counts) {
			t.Fatalf("%v, %v", done, err)
		}
		third := take(t, New(c, Env{}), nil)
		for k, want := range all {
			f := third.Tree["objects/"+k]
			if f == nil || string(f.Data) != want || !reflect.DeepEqual(f.Xattrs, second.Tree["objects/"+k].Xattrs) {
				t.Errorf("%q did not come back as it was", k)
			}
		}
		var occupied *sources.OccupiedError
		if _, err := New(c, Env{}).Restore(t.Context(), second.FS(), sources.RestoreOptions{}); !errors.As(err, &occupied) {
			t.Errorf("it writes over what lives: %v", err)
		}
	})
	t.Run("one object", func(t *testing.T) {
		if _, err := b.client.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: &b.name, Key: aws.String("2024/in/a.pdf")}); err != nil {
			t.Fatal(err)
		}
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
	s := s3test.Start(t)
	b := made(t, s.URL, "docs")
	for _, k := range []string{"a", "b", "c"} {
		put(t, b, k, "content of "+k, objects.Metadata{})
	}
	proxy := objectstest.Before(t, s.URL)
	proxy.Before = func(r *http.Request) {
		if r.Method == "GET" && r.URL.Path == "/docs/a" && r.Header.Get("If-Match") != "" {
			put(t, b, "a", "another", objects.Metadata{})
		}
		if r.Method == "GET" && r.URL.Path == "/docs/b" {
			if _, err := b.client.DeleteObject(context.Background(), &sdk.DeleteObjectInput{Bucket: &b.name, Key: aws.String("b")}); err != nil {
				t.Error(err)
			}
		}
	}
	night := take(t, New(configFor(t, proxy.URL, "docs"), Env{}), nil)
	if got := string(night.Tree["objects/a"].Data); got != "another" || !slices.Equal(night.Gone, []string{"objects/b"}) {
		t.Errorf("captured %q, gone %q", got, night.Gone)
	}
	if c := night.Facts.Counts; c["objects"] != 2 || c["bytes"] != int64(len("another")+len("content of c")) {
		t.Errorf("counts are %v", c)
	}
}

// A connection that breaks in the middle of a large object is taken up again.
func TestBrokenConnectionGoesOn(t *testing.T) {
	s := s3test.Start(t)
	b := made(t, s.URL, "docs")
	want := content(3, 3<<20)
	put(t, b, "big", want, objects.Metadata{})
	proxy := objectstest.Before(t, s.URL)
	cuts := 0
	proxy.Body = func(r *http.Response) error {
		if r.Request.Method == "GET" && strings.HasSuffix(r.Request.URL.Path, "/big") && cuts < 2 {
			cuts++
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(r.Body, 1<<20), r.Body}
		}
		return nil
	}
	night := take(t, New(configFor(t, proxy.URL, "docs"), Env{}), nil)
	if !bytes.Equal(night.Tree["objects/big"].Data, []byte(want)) || cuts != 2 {
		t.Errorf("the content differs after %d cuts", cuts)
	}
}

func TestWrongKeysAreNotEchoed(t *testing.T) {
	s := s3test.Start(t)
	made(t, s.URL, "docs")
	c := configFor(t, s.URL, "docs")
	t.Setenv("S3_TEST_SECRET", "not-the-secret-at-all")
	_, err := New(c, Env{}).Capture(t.Context())
	if err == nil || strings.Contains(err.Error(), "not-the-secret") || !strings.Contains(err.Error(), "check 'access-key'") {
		t.Errorf("the error is: %v", err)
	}
}

func TestServerThatDies(t *testing.T) {
	for _, when := range []string{"while it lists", "while it is read"} {
		t.Run(when, func(t *testing.T) {
			s := s3test.Start(t)
			b := made(t, s.URL, "docs")
			for i := range 3 {
				put(t, b, fmt.Sprintf("k%d", i), content(uint64(i), 1<<20), objects.Metadata{})
			}
			proxy := objectstest.Before(t, s.URL)
			proxy.Before = func(r *http.Request) {
				if list := strings.Contains(r.URL.RawQuery, "list-type"); list == (when == "while it lists") && !strings.Contains(r.URL.RawQuery, "versioning") && r.Method == "GET" {
					s.Kill()
				}
			}
			_, err := objectstest.Take(t.Context(), New(configFor(t, proxy.URL, "docs"), Env{}), nil)
			if err == nil || !strings.Contains(err.Error(), "the bucket docs at") {
				t.Errorf("the error is: %v", err)
			}
		})
	}
}

func TestManyObjects(t *testing.T) {
	const count = 20_000
	if testing.Short() {
		t.Skip("a large test: twenty thousand objects")
	}
	s := s3test.Start(t)
	made(t, s.URL, "docs")
	for i := range count {
		name := filepath.Join(s.Data, "docs", fmt.Sprintf("case-%03d", i/100), fmt.Sprintf("doc-%05d.xml", i))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := New(configFor(t, s.URL, "docs"), Env{}).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak, n, last := m.HeapAlloc, uint64(0), 0, ""
	for e, err := range c.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if last != "" && sources.Compare(last, e.Path) >= 0 {
			t.Fatalf("%q comes after %q", e.Path, last)
		}
		last = e.Path
		if n++; n%2000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	if n != count+count/100+2 {
		t.Errorf("%d entries", n)
	}
	if peak > before+12<<20 {
		t.Errorf("%d MiB are held for %d objects", (peak-before)>>20, count)
	}
}
