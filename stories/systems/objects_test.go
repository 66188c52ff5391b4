package systems

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"ivyvault/sources"
	"ivyvault/sources/azure"
	"ivyvault/sources/azure/azuretest"
	"ivyvault/sources/s3/s3test"
	"ivyvault/sources/secret"
)

// objects are so many, each of so many bytes, that a capture is held still with
// some read, some under way and most not yet asked for.
const (
	objects = 400
	each    = 64 << 10
)

// content is that of an object; no two share anything.
func content(n int) []byte {
	p := make([]byte, each)
	_, _ = io.ReadFull(rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)}), p)
	return p
}

func TestS3(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	u, err := url.Parse(s.URL)
	check(t, err)
	bucket := filepath.Join(s.Data, "claims")
	check(t, os.Mkdir(bucket, 0o755))
	for n := range objects {
		check(t, os.WriteFile(filepath.Join(bucket, fmt.Sprintf("%03d.pdf", n)), content(n), 0o644))
	}
	g := newGate(t, u.Host)
	h := newHost(t, "")
	check(t, os.WriteFile(h.path("key"), []byte(s3test.SecretKey), 0o600))
	check(t, os.WriteFile(h.path("name"), []byte(s3test.AccessKey), 0o600))
	h.configure(fmt.Sprintf("    documents:\n      pdf: {type: s3, endpoint: \"http://%s\", path-style: true, bucket: claims, access-key: \"{file:%s}\", secret-key: \"{file:%s}\"}\n", g.addr, h.path("name"), h.path("key")))
	(&story{h: h, part: "documents/pdf", gate: g, trap: func() *trap { return &trap{answers: 4 * each, every: true} }, kill: s.Kill, launch: func() { s.Launch(t) }}).run(t)
}

func TestAzure(t *testing.T) {
	t.Parallel()
	s := azuretest.Start(t)
	u, err := url.Parse(s.URL)
	check(t, err)
	g := newGate(t, u.Host)
	h := newHost(t, "")
	check(t, os.WriteFile(h.path("key"), []byte(azuretest.Key), 0o600))
	h.configure(fmt.Sprintf("    documents:\n      pdf: {type: azure, account: %s, endpoint: \"http://%s%s\", container: claims, account-key: \"{file:%s}\"}\n", azuretest.Account, g.addr, u.Path, h.path("key")))
	key, err := secret.Parse("{file:" + h.path("key") + "}")
	check(t, err)
	refill := func() {
		fill(t, azure.New(azure.Config{Account: azuretest.Account, Endpoint: s.URL, Container: "claims", AccountKey: key, Create: true}, azure.Env{}))
	}
	refill()
	launch := func() {
		s.Launch(t)
		refill() // this server keeps its lists in memory, and a kill may lose them
	}
	(&story{h: h, part: "documents/pdf", gate: g, trap: func() *trap { return &trap{answers: 4 * each, every: true} }, kill: s.Kill, launch: launch}).run(t)
}

// fill puts the objects into a store, by the way that a restore takes.
func fill(t *testing.T, to sources.Restorer) {
	t.Helper()
	tree := fstest.MapFS{"bucket.json": {Data: []byte("{}")}}
	for n := range objects {
		tree[fmt.Sprintf("objects/%03d.pdf", n)] = &fstest.MapFile{Data: content(n)}
	}
	_, err := to.Restore(context.WithoutCancel(t.Context()), tree, sources.RestoreOptions{Replace: true})
	check(t, err)
}
