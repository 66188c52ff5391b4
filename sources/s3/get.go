package s3

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"ivyvault/sources/objects"
)

// Open asks for the content of an object, and for its tags where it has any.
func (b *bucket) Open(ctx context.Context, o objects.Object, off int64) (*objects.Body, error) {
	in := &sdk.GetObjectInput{Bucket: &b.name, Key: &o.Key}
	if o.ETag != "" {
		in.IfMatch = aws.String(`"` + o.ETag + `"`)
	}
	if o.Version != "" {
		in.VersionId = &o.Version
	}
	if off > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", off))
	}
	out, err := b.client.GetObject(ctx, in)
	if err != nil {
		return nil, b.failed(fmt.Sprintf("read the object %q of %s", o.Key, b.where()), err)
	}
	if off > 0 && aws.ToString(out.ContentRange) == "" {
		out.Body.Close()
		return nil, fmt.Errorf("the server gives no parts of objects, so %q can't be read on", o.Key)
	}
	got := objects.Object{Key: o.Key, Size: aws.ToInt64(out.ContentLength) + off, ETag: bare(out.ETag), Version: aws.ToString(out.VersionId)}
	if out.LastModified != nil {
		got.Modified = *out.LastModified
	}
	body := &objects.Body{ReadCloser: out.Body, Object: got, Meta: objects.Metadata{
		ContentType: aws.ToString(out.ContentType), ContentEncoding: aws.ToString(out.ContentEncoding),
		ContentLanguage: aws.ToString(out.ContentLanguage), ContentDisposition: aws.ToString(out.ContentDisposition),
		CacheControl: aws.ToString(out.CacheControl), User: out.Metadata,
	}}
	if len(body.Meta.User) == 0 {
		body.Meta.User = nil
	}
	if off == 0 && aws.ToInt32(out.TagCount) > 0 {
		b.tags(ctx, o.Key, out.VersionId, &body.Meta)
	}
	return body, nil
}

// tags reads an object's tags. That they may not be read fails nothing.
func (b *bucket) tags(ctx context.Context, key string, version *string, m *objects.Metadata) {
	out, err := b.client.GetObjectTagging(ctx, &sdk.GetObjectTaggingInput{Bucket: &b.name, Key: &key, VersionId: version})
	if err != nil {
		m.Said = "its tags can't be read"
		return
	}
	m.Tags = map[string]string{}
	for _, t := range out.TagSet {
		m.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
}
