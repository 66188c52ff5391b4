// Package azure captures the blobs of a container of Azure Blob Storage, and
// puts them back.
//
// It speaks the service's REST protocol by itself. Microsoft's library of the
// same use brings 108 packages beside those of net/http, a library for columns
// of data among them, where the seven requests that are needed here take a few
// hundred lines.
//
// Promise: only new and changed blobs are read. What is put back goes with its
// MD5, which the server compares. No secret stands in an error or in a URL that
// is shown.
package azure

import (
	"errors"
	"net/url"
	"strings"

	"ivyvault/sources/secret"
)

// Config says which container it is and how it is reached.
type Config struct {
	// Account is the name of the storage account.
	Account string `yaml:"account"`
	// Endpoint is the URL of the account's blobs; empty is
	// https://ACCOUNT.blob.core.windows.net.
	Endpoint string `yaml:"endpoint"`
	// Container is the container's name.
	Container string `yaml:"container"`
	// Prefix begins all names that are captured; empty is the whole container. A
	// restore to another prefix exchanges the beginnings of the names.
	Prefix string `yaml:"prefix"`
	// AccountKey is the account's key, SASToken a shared access signature,
	// ConnectionString what the portal shows, with account and endpoint in it,
	// which needn't be given then: one of the three is needed.
	AccountKey       secret.Value `yaml:"account-key"`
	SASToken         secret.Value `yaml:"sas-token"`
	ConnectionString secret.Value `yaml:"connection-string"`
	// CAFile holds the certificates, as PEM, that sign the server's.
	CAFile string `yaml:"ca-file"`
	// Create lets a restore make the container where there is none.
	Create bool `yaml:"create"`
}

// Validate tells what is wrong with the configuration, as far as can be told
// without the server.
func (c *Config) Validate() error {
	switch {
	case c.Container == "":
		return errors.New("'container' is missing: name the container that holds the documents")
	case strings.ContainsAny(c.Container, "/?#%\x00"):
		return errors.New("'container' can't be the name of a container: what begins the names of blobs goes into 'prefix'")
	case c.Account == "" && c.ConnectionString.IsZero():
		return errors.New("'account' is missing: name the storage account")
	case strings.ContainsAny(c.Account, "/?#.:@"):
		return errors.New("'account' is the account's name alone; its URL goes into 'endpoint'")
	}
	given := 0
	for _, v := range []secret.Value{c.AccountKey, c.SASToken, c.ConnectionString} {
		if !v.IsZero() {
			given++
		}
	}
	if given != 1 {
		return errors.New("give one of 'account-key', 'sas-token' and 'connection-string'")
	}
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("'endpoint' must be a URL such as https://documents.blob.core.windows.net")
		}
		if u.User != nil || u.RawQuery != "" {
			return errors.New("'endpoint' must hold neither a user nor a signature: use 'account-key' or 'sas-token'")
		}
	}
	return nil
}
