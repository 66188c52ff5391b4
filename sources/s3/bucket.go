package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ivyvault/sources/objects"
)

// bucket is an objects.Bucket on a server.
type bucket struct {
	client                 *sdk.Client
	name, endpoint, region string
}

var _ objects.Bucket = (*bucket)(nil)

func (b *bucket) where() string {
	if b.endpoint == "" {
		return fmt.Sprintf("the bucket %s of Amazon S3", b.name)
	}
	return fmt.Sprintf("the bucket %s at %s", b.name, b.endpoint)
}

// Error is what a server said no to.
type Error struct {
	What  string // "list the bucket x at …"
	Code  string // the server's, as NoSuchKey; "" where it didn't answer
	Said  string
	cause error
}

func (e *Error) Error() string {
	text := "can't " + e.What + ": "
	switch e.Code {
	case "":
		return text + e.Said
	case "SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied", "Forbidden", "403":
		return text + e.Code + ": " + e.Said + "; check 'access-key', 'secret-key', and what they may do"
	case "NoSuchBucket":
		return text + "there is no such bucket; for a restore, 'create: true' makes it"
	case "InvalidObjectState":
		return text + "it lies in an archive class; have the server bring it back first"
	}
	return strings.TrimSuffix(text+e.Code+": "+e.Said, ": ")
}

// Unwrap returns fs.ErrNotExist, objects.ErrChanged, or what the library said,
// with objects.ErrSilent where there was no answer.
func (e *Error) Unwrap() error { return e.cause }

// failed puts an error into words.
func (b *bucket) failed(what string, err error) error {
	e := &Error{What: what, cause: err, Said: err.Error()}
	var api smithy.APIError
	if errors.As(err, &api) {
		e.Code, e.Said = api.ErrorCode(), api.ErrorMessage()
	} else if o := (*smithy.OperationError)(nil); errors.As(err, &o) {
		e.Said = o.Err.Error()
	}
	status := 0
	if r := (*smithyhttp.ResponseError)(nil); errors.As(err, &r) {
		status = r.HTTPStatusCode()
	}
	switch {
	case status == 404:
		e.cause = fs.ErrNotExist
	case status == 412:
		e.cause = objects.ErrChanged
	case status == 0 && e.Code == "":
		e.cause = errors.Join(objects.ErrSilent, err)
	}
	return e
}

// Look asks for the bucket and whether it keeps versions.
func (b *bucket) Look(ctx context.Context) (objects.About, error) {
	about := objects.About{Product: "S3", Where: b.where(), Details: map[string]string{"bucket": b.name}}
	if b.endpoint != "" {
		about.Details["endpoint"] = b.endpoint
	}
	if b.region != "" {
		about.Details["region"] = b.region
	}
	if _, err := b.client.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: &b.name}); err != nil {
		err = b.failed("reach "+b.where(), err)
		if e := (*Error)(nil); errors.As(err, &e) && errors.Is(err, fs.ErrNotExist) {
			e.Code = "NoSuchBucket" // a HEAD has no room to say so
		}
		return about, err
	}
	v, err := b.client.GetBucketVersioning(ctx, &sdk.GetBucketVersioningInput{Bucket: &b.name})
	switch {
	case err != nil:
		about.Details["versioning"] = "unknown"
	case v.Status == types.BucketVersioningStatusEnabled:
		about.Details["versioning"] = "enabled"
		about.Notes = append(about.Notes, "the bucket keeps versions: the present ones are captured, older ones and deleted objects are not")
	default:
		about.Details["versioning"] = "off"
	}
	return about, nil
}

// List pages through the keys.
func (b *bucket) List(ctx context.Context, prefix string, limit int) iter.Seq2[objects.Object, error] {
	return func(yield func(objects.Object, error) bool) {
		in := &sdk.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, EncodingType: types.EncodingTypeUrl}
		if limit > 0 {
			in.MaxKeys = aws.Int32(int32(min(limit, 1000)))
		}
		for n := 0; ; {
			page, err := b.client.ListObjectsV2(ctx, in)
			if err != nil {
				yield(objects.Object{}, b.failed("list "+b.where(), err))
				return
			}
			for i := range page.Contents {
				o, err := listed(&page.Contents[i], page.EncodingType)
				if !yield(o, err) || err != nil {
					return
				}
				if n++; n == limit {
					return
				}
			}
			if !aws.ToBool(page.IsTruncated) {
				return
			}
			if aws.ToString(page.NextContinuationToken) == "" || aws.ToString(page.NextContinuationToken) == aws.ToString(in.ContinuationToken) {
				yield(objects.Object{}, fmt.Errorf("can't list %s: the server says that there is more, and not how to get it", b.where()))
				return
			}
			in.ContinuationToken = page.NextContinuationToken
		}
	}
}

func listed(x *types.Object, encoding types.EncodingType) (objects.Object, error) {
	o := objects.Object{Key: aws.ToString(x.Key), Size: aws.ToInt64(x.Size), ETag: bare(x.ETag)}
	if x.LastModified != nil {
		o.Modified = *x.LastModified
	}
	if encoding == types.EncodingTypeUrl {
		key, err := url.QueryUnescape(o.Key)
		if err != nil {
			return o, fmt.Errorf("the server lists a key that can't be read, %q: %w", o.Key, err)
		}
		o.Key = key
	}
	return o, nil
}

func bare(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

// Make makes the bucket in the client's region.
func (b *bucket) Make(ctx context.Context) error {
	in := &sdk.CreateBucketInput{Bucket: &b.name}
	if b.region != "" && b.region != "us-east-1" { // which is no constraint
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(b.region)}
	}
	if _, err := b.client.CreateBucket(ctx, in); err != nil {
		return b.failed("make "+b.where(), err)
	}
	return nil
}
