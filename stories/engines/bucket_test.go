package engines

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"ivyvault/sources/s3/s3test"
)

// bucket is a bucket on a real server.
type bucket struct {
	t    *testing.T
	c    *sdk.Client
	URL  string
	Name string
}

func newBucket(t *testing.T, name string) *bucket {
	t.Helper()
	s := s3test.Start(t)
	b := &bucket{t: t, URL: s.URL, Name: name}
	b.c = sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.URL), UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s3test.AccessKey, SecretAccessKey: s3test.SecretKey}, nil
		})})
	_, err := b.c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: &name})
	check(t, err)
	return b
}

func (b *bucket) put(key, content string) {
	b.t.Helper()
	_, err := b.c.PutObject(b.t.Context(), &sdk.PutObjectInput{Bucket: &b.Name, Key: &key, Body: strings.NewReader(content), ContentType: aws.String("text/plain")})
	check(b.t, err)
}

// all are the objects by their keys.
func (b *bucket) all() map[string]string {
	b.t.Helper()
	out := map[string]string{}
	list, err := b.c.ListObjectsV2(b.t.Context(), &sdk.ListObjectsV2Input{Bucket: &b.Name})
	check(b.t, err)
	for _, o := range list.Contents {
		got, err := b.c.GetObject(b.t.Context(), &sdk.GetObjectInput{Bucket: &b.Name, Key: o.Key})
		check(b.t, err)
		p, err := io.ReadAll(got.Body)
		check(b.t, err)
		check(b.t, got.Body.Close())
		out[*o.Key] = aws.ToString(got.ContentType) + " " + string(p)
	}
	return out
}

func (b *bucket) clear() {
	b.t.Helper()
	for key := range b.all() {
		_, err := b.c.DeleteObject(b.t.Context(), &sdk.DeleteObjectInput{Bucket: &b.Name, Key: &key})
		check(b.t, err)
	}
}
