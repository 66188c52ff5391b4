package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"ivyvault/sources/secret"
)

// answering is how long a server may take to begin an answer.
const answering = 2 * time.Minute

// attempts is how often the library sends a request that a server failed.
const attempts = 4

// dial makes a client. The server isn't asked yet.
func dial(ctx context.Context, c *Config, mask *secret.Mask) (*bucket, error) {
	client := awshttp.NewBuildableClient()
	var pool *x509.CertPool
	if c.CAFile != "" {
		text, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("'ca-file': %w", err)
		}
		pool = x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("'ca-file': %s holds no certificate in PEM", c.CAFile)
		}
	}
	client = client.WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = answering
		if pool != nil {
			t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		}
	})
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client), config.WithRetryMaxAttempts(attempts),
		// What the library would print could go around the mask.
		config.WithLogger(logging.NewStandardLogger(io.Discard)),
	}
	region := c.Region
	if region == "" && c.Endpoint != "" && os.Getenv("AWS_REGION") == "" {
		region = "us-east-1"
	}
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	if !c.AccessKey.IsZero() {
		var keys [3]string
		for i, v := range []secret.Value{c.AccessKey, c.SecretKey, c.SessionToken} {
			var err error
			if keys[i], err = v.Reveal(ctx); err != nil {
				return nil, err
			}
		}
		mask.Add(keys[1:]...) // the access key is a name, not a secret
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(keys[0], keys[1], keys[2])))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("the usual places for keys of S3 can't be read: %w", err)
	}
	return &bucket{name: c.Bucket, endpoint: c.Endpoint, region: cfg.Region, client: sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.UsePathStyle = c.PathStyle
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
		// The check sums asked for below are enough, and old servers know no others.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})}, nil
}
