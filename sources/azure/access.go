package azure

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"ivyvault/sources/secret"
)

// access is how requests are signed, and to where they go.
type access struct {
	account, endpoint string
	key               []byte // nil with a signature
	sas               string // query, without the question mark
}

// reveal finds the secrets, and makes them known to the mask.
func (c *Config) reveal(ctx context.Context, mask *secret.Mask) (access, error) {
	a := access{account: c.Account, endpoint: c.Endpoint}
	key, err := mask.Reveal(ctx, c.AccountKey)
	if err != nil {
		return a, err
	}
	if a.sas, err = mask.Reveal(ctx, c.SASToken); err != nil {
		return a, err
	}
	text, err := mask.Reveal(ctx, c.ConnectionString)
	if err != nil {
		return a, err
	}
	scheme, suffix := "https", "core.windows.net"
	for part := range strings.SplitSeq(text, ";") {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch strings.ToLower(name) {
		case "accountname":
			a.account = first(a.account, v)
		case "accountkey":
			key = v
		case "sharedaccesssignature":
			a.sas = v
		case "blobendpoint":
			a.endpoint = first(a.endpoint, v)
		case "defaultendpointsprotocol":
			scheme = v
		case "endpointsuffix":
			suffix = v
		}
	}
	mask.Add(key, a.sas)
	if a.account == "" && a.endpoint == "" {
		return a, errors.New("'connection-string' names no account")
	}
	a.endpoint = strings.TrimRight(first(a.endpoint, scheme+"://"+a.account+".blob."+suffix), "/")
	if key != "" {
		if a.key, err = base64.StdEncoding.DecodeString(strings.TrimSpace(key)); err != nil {
			return a, errors.New("the account's key is not what the portal shows: it must be base64")
		}
		return a, nil
	}
	a.sas = strings.TrimPrefix(a.sas, "?")
	q, err := url.ParseQuery(a.sas)
	if err != nil || q.Get("sig") == "" {
		return a, errors.New("there is no shared access signature: it has 'sig=' in it")
	}
	mask.Add(a.sas, q.Get("sig"))
	return a, nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
