package azure

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"strings"

	"ivyvault/sources/objects"
)

// Sizes of what is sent at once, in bytes. A blob has 50,000 blocks at most.
const (
	leastBlock = 16 << 20
	mostBlocks = 40_000
)

// Put sends a blob in one piece, or in blocks where it is large. Each piece goes
// with its MD5, which the server compares. Blocks that were sent for nothing the
// server drops after a week.
func (b *bucket) Put(ctx context.Context, u objects.Upload) error {
	what := "write to " + b.where()
	head := properties(u.Meta)
	if u.Size <= leastBlock {
		p := make([]byte, u.Size)
		if _, err := io.ReadFull(u.From, p); err != nil {
			return fmt.Errorf("its content can't be read: %w", err)
		}
		head["x-ms-blob-type"], head["Content-MD5"] = "BlockBlob", sum(p)
		return b.send(ctx, request{method: "PUT", what: what, blob: u.Key, header: head, body: p})
	}
	buf := make([]byte, max(leastBlock, u.Size/mostBlocks+1))
	whole := md5.New()
	var list strings.Builder
	list.WriteString(`<?xml version="1.0" encoding="utf-8"?><BlockList>`)
	for n, left := uint64(0), u.Size; left > 0; n++ {
		p := buf[:min(left, int64(len(buf)))]
		if _, err := io.ReadFull(u.From, p); err != nil {
			return fmt.Errorf("its content can't be read: %w", err)
		}
		left -= int64(len(p))
		whole.Write(p)
		id := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, n))
		list.WriteString("<Latest>" + id + "</Latest>")
		r := request{method: "PUT", what: what, blob: u.Key, query: url.Values{"comp": {"block"}, "blockid": {id}}, header: map[string]string{"Content-MD5": sum(p)}, body: p}
		if err := b.send(ctx, r); err != nil {
			return err
		}
	}
	list.WriteString("</BlockList>")
	head["x-ms-blob-content-md5"] = base64.StdEncoding.EncodeToString(whole.Sum(nil))
	if err := b.send(ctx, request{method: "PUT", what: what, blob: u.Key, query: url.Values{"comp": {"blocklist"}}, header: head, body: []byte(list.String())}); err != nil {
		return err
	}
	resp, err := b.do(ctx, request{method: "HEAD", what: "look at what was written to " + b.where(), blob: u.Key})
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.ContentLength != u.Size {
		return fmt.Errorf("the server keeps %d bytes of %d", resp.ContentLength, u.Size)
	}
	return nil
}

// send sends what has an empty answer, and compares the MD5 that comes back.
func (b *bucket) send(ctx context.Context, r request) error {
	resp, err := b.do(ctx, r)
	if err != nil {
		return err
	}
	resp.Body.Close()
	sent, got := r.header["Content-MD5"], resp.Header.Get("Content-MD5")
	if sent != "" && got != "" && sent != got {
		return fmt.Errorf("the server keeps something else than was sent: its MD5 is %s, that of what was sent is %s", got, sent)
	}
	return nil
}

func sum(p []byte) string {
	s := md5.Sum(p)
	return base64.StdEncoding.EncodeToString(s[:])
}

// properties are the headers of what a blob carries.
func properties(m objects.Metadata) map[string]string {
	h := map[string]string{}
	for name, v := range map[string]string{
		"x-ms-blob-content-type": m.ContentType, "x-ms-blob-content-encoding": m.ContentEncoding, "x-ms-blob-content-language": m.ContentLanguage,
		"x-ms-blob-content-disposition": m.ContentDisposition, "x-ms-blob-cache-control": m.CacheControl,
	} {
		if v != "" {
			h[name] = v
		}
	}
	for k, v := range m.User {
		h[metaPrefix+k] = v
	}
	if len(m.Tags) > 0 {
		q := url.Values{}
		for k, v := range m.Tags {
			q.Set(k, v)
		}
		h["x-ms-tags"] = q.Encode()
	}
	return h
}
