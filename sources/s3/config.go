// Package s3 captures the objects of a bucket of Amazon S3, or of a server that
// speaks its protocol, and puts them back.
//
// Promise: only new and changed objects are read; of a versioned bucket the
// present versions are captured. What is put back is compared by check sum, part
// by part. No secret stands in an error.
package s3

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"ivyvault/sources/secret"
)

// Config says which bucket it is and how it is reached.
type Config struct {
	// Endpoint is the server's URL; empty is Amazon's own.
	Endpoint string `yaml:"endpoint"`
	// Region is the region's name; empty is what the environment says, or
	// us-east-1 where an endpoint is given.
	Region string `yaml:"region"`
	// PathStyle puts the bucket's name into the path instead of the host's
	// name; most servers other than Amazon's want that.
	PathStyle bool `yaml:"path-style"`
	// Bucket is the bucket's name.
	Bucket string `yaml:"bucket"`
	// Prefix begins all keys that are captured; empty is the whole bucket. A
	// restore to another prefix exchanges the beginnings of the keys.
	Prefix string `yaml:"prefix"`
	// AccessKey and SecretKey sign requests. Without them, the usual places are
	// looked at: environment, shared files, the machine's role.
	AccessKey secret.Value `yaml:"access-key"`
	SecretKey secret.Value `yaml:"secret-key"`
	// SessionToken belongs to keys that are lent for a while.
	SessionToken secret.Value `yaml:"session-token"`
	// CAFile holds the certificates, as PEM, that sign the server's.
	CAFile string `yaml:"ca-file"`
	// Create lets a restore make the bucket where there is none.
	Create bool `yaml:"create"`
}

// Validate tells what is wrong with the configuration, as far as can be told
// without the server.
func (c *Config) Validate() error {
	if c.Bucket == "" {
		return errors.New("'bucket' is missing: name the bucket that holds the documents")
	}
	if strings.ContainsAny(c.Bucket, "/?#\x00") {
		return fmt.Errorf("'bucket' is %q, which can't be the name of a bucket: what begins the keys goes into 'prefix'", c.Bucket)
	}
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("'endpoint' must be a URL such as https://s3.example.com")
		}
		if u.User != nil {
			return errors.New("'endpoint' must not hold a user or password: use 'access-key' and 'secret-key'")
		}
	}
	if c.AccessKey.IsZero() != c.SecretKey.IsZero() {
		return errors.New("'access-key' and 'secret-key' belong together: give both or neither")
	}
	if !c.SessionToken.IsZero() && c.AccessKey.IsZero() {
		return errors.New("'session-token' needs 'access-key' and 'secret-key'")
	}
	return nil
}
