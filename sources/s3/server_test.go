package s3

import (
	"encoding/pem"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ivyvault/sources/objects"
	"ivyvault/sources/s3/s3test"
)

// Of a bucket that keeps versions the present ones are captured.
func TestVersionedBucket(t *testing.T) {
	s := s3test.Start(t)
	b := made(t, s.URL, "docs")
	if _, err := b.client.PutBucketVersioning(t.Context(), &sdk.PutBucketVersioningInput{Bucket: &b.name,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []string{"first", "second"} {
		put(t, b, "a", c, objects.Metadata{})
		put(t, b, "b", c, objects.Metadata{})
	}
	if _, err := b.client.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: &b.name, Key: aws.String("b")}); err != nil {
		t.Fatal(err)
	}
	n := take(t, New(configFor(t, s.URL, "docs"), Env{}), nil)
	if len(n.Tree) != 2 || string(n.Tree["objects/a"].Data) != "second" {
		t.Errorf("captured %v", n.Tree)
	}
	if n.Facts.Details["versioning"] != "enabled" || !strings.Contains(strings.Join(n.Facts.Notes, " "), "older ones and deleted objects are not") {
		t.Errorf("the facts are %+v", n.Facts)
	}
}

// A server whose certificate only the given file vouches for.
func TestOwnAuthority(t *testing.T) {
	s := s3test.Start(t)
	put(t, made(t, s.URL, "docs"), "a", "content", objects.Metadata{})
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	tls := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, r.In.Host
	}})
	defer tls.Close()
	c := configFor(t, tls.URL, "docs")
	if _, err := New(c, Env{}).Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody is taken: %v", err)
	}
	c.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(c.CAFile, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(c, Env{}).Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "'ca-file'") {
		t.Errorf("a file without a certificate is taken: %v", err)
	}
	if err := os.WriteFile(c.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := take(t, New(c, Env{}), nil); string(n.Tree["objects/a"].Data) != "content" {
		t.Errorf("captured %v", n.Tree)
	}
}

func TestValidate(t *testing.T) {
	good := configFor(t, "https://s3.example.com", "docs")
	for what, change := range map[string]func(*Config){
		"'bucket' is missing": func(c *Config) { c.Bucket = "" },
		"can't be the name":   func(c *Config) { c.Bucket = "a/b" },
		"must be a URL":       func(c *Config) { c.Endpoint = "s3.example.com" },
		"must not hold":       func(c *Config) { c.Endpoint = "https://u:hunter2@s3.example.com" },
		"belong together":     func(c *Config) { c.SecretKey = c.SessionToken },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v, want %s", err, what)
		}
	}
}
