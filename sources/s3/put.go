package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ivyvault/sources/objects"
)

// Sizes of what is sent at once, in bytes. A server takes 10,000 parts.
const (
	leastPart = 16 << 20
	mostParts = 9_000
)

// Put sends an object in one piece, or in parts where it is large. Each piece
// goes with its MD5, which the server compares, and is compared with its ETag.
func (b *bucket) Put(ctx context.Context, u objects.Upload) error {
	if u.Size > leastPart {
		return b.putParts(ctx, u)
	}
	p := make([]byte, u.Size)
	if _, err := io.ReadFull(u.From, p); err != nil {
		return fmt.Errorf("its content can't be read: %w", err)
	}
	sum := md5.Sum(p)
	out, err := b.client.PutObject(ctx, &sdk.PutObjectInput{
		Bucket: &b.name, Key: &u.Key, Body: bytes.NewReader(p), ContentLength: &u.Size,
		ContentMD5: aws.String(base64.StdEncoding.EncodeToString(sum[:])), Metadata: u.Meta.User,
		ContentType: set(u.Meta.ContentType), ContentEncoding: set(u.Meta.ContentEncoding), ContentLanguage: set(u.Meta.ContentLanguage),
		ContentDisposition: set(u.Meta.ContentDisposition), CacheControl: set(u.Meta.CacheControl), Tagging: tagging(u.Meta.Tags),
	})
	if err != nil {
		return b.failed("write to "+b.where(), err)
	}
	return compare(bare(out.ETag), sum, out.ServerSideEncryption)
}

// compare fails where an ETag is an MD5 and another one. Under a key of a key
// service, or in parts, it is none; the server compared the MD5 itself then.
func compare(etag string, sum [md5.Size]byte, how types.ServerSideEncryption) error {
	plain := how == "" || how == types.ServerSideEncryptionAes256
	if want := hex.EncodeToString(sum[:]); plain && len(etag) == len(want) && !strings.EqualFold(etag, want) {
		return fmt.Errorf("the server keeps something else than was sent: its ETag is %s, the MD5 of what was sent is %s", etag, want)
	}
	return nil
}

func set(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func tagging(tags map[string]string) *string {
	if len(tags) == 0 {
		return nil
	}
	v := url.Values{}
	for k, t := range tags {
		v.Set(k, t)
	}
	return aws.String(v.Encode())
}

// putParts sends a large object. What fails leaves no parts at the server.
func (b *bucket) putParts(ctx context.Context, u objects.Upload) (err error) {
	made, err := b.client.CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{
		Bucket: &b.name, Key: &u.Key, Metadata: u.Meta.User, ContentType: set(u.Meta.ContentType),
		ContentEncoding: set(u.Meta.ContentEncoding), ContentLanguage: set(u.Meta.ContentLanguage),
		ContentDisposition: set(u.Meta.ContentDisposition), CacheControl: set(u.Meta.CacheControl), Tagging: tagging(u.Meta.Tags),
	})
	if err != nil {
		return b.failed("write to "+b.where(), err)
	}
	defer func() {
		if err != nil {
			// The first failure tells more than one of the clean-up.
			_, _ = b.client.AbortMultipartUpload(context.WithoutCancel(ctx), &sdk.AbortMultipartUploadInput{Bucket: &b.name, Key: &u.Key, UploadId: made.UploadId})
		}
	}()
	buf := make([]byte, max(leastPart, u.Size/mostParts+1))
	var done []types.CompletedPart
	for left := u.Size; left > 0; {
		p := buf[:min(left, int64(len(buf)))]
		if _, err := io.ReadFull(u.From, p); err != nil {
			return fmt.Errorf("its content can't be read: %w", err)
		}
		left -= int64(len(p))
		sum := md5.Sum(p)
		number := aws.Int32(int32(len(done) + 1))
		part, err := b.client.UploadPart(ctx, &sdk.UploadPartInput{
			Bucket: &b.name, Key: &u.Key, UploadId: made.UploadId, PartNumber: number, Body: bytes.NewReader(p),
			ContentLength: aws.Int64(int64(len(p))), ContentMD5: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		})
		if err != nil {
			return b.failed("write to "+b.where(), err)
		}
		if err := compare(bare(part.ETag), sum, part.ServerSideEncryption); err != nil {
			return err
		}
		done = append(done, types.CompletedPart{ETag: part.ETag, PartNumber: number})
	}
	_, err = b.client.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &u.Key, UploadId: made.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	if err != nil {
		return b.failed("write to "+b.where(), err)
	}
	head, err := b.client.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: &b.name, Key: &u.Key})
	if err != nil {
		return b.failed("look at what was written to "+b.where(), err)
	}
	if size := aws.ToInt64(head.ContentLength); size != u.Size {
		return fmt.Errorf("the server keeps %d bytes of %d", size, u.Size)
	}
	return nil
}
