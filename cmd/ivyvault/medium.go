package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/store"
	"ivyvault/repo/store/limit"
	"ivyvault/repo/store/local"
	"ivyvault/repo/store/retry"
)

// medium is a kind of place that a repository can be in.
type medium struct {
	scheme string // what stands before the colon
	open   func(ctx context.Context, place string) (store.Store, error)
	create func(ctx context.Context, place string) (store.Store, error)
}

// media is the table of all kinds.
func media() []medium {
	return []medium{
		{
			scheme: "local",
			open:   func(ctx context.Context, dir string) (store.Store, error) { return asStore(local.Open(ctx, dir)) },
			create: func(ctx context.Context, dir string) (store.Store, error) { return asStore(local.Create(ctx, dir)) },
		},
	}
}

// asStore keeps a nil pointer from becoming a store that is not nil.
func asStore[S store.Store](s S, err error) (store.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// findMedium splits a repository's address. What has no scheme is a path.
func findMedium(address string) (medium, string, error) {
	all := media()
	if address == "" {
		return medium{}, "", errors.New("which repository? give it with -r, or set IVYVAULT_REPOSITORY")
	}
	scheme, place, ok := strings.Cut(address, ":")
	if !ok || !isScheme(scheme) {
		return all[0], address, nil
	}
	var known []string
	for _, m := range all {
		if m.scheme == scheme {
			return m, place, nil
		}
		known = append(known, m.scheme+":")
	}
	return medium{}, "", fmt.Errorf("this build knows no repository of the kind %q, only %s; write ./%s for a directory of that name",
		scheme+":", strings.Join(known, ", "), address)
}

// isScheme tells "s3" from the beginning of a path.
func isScheme(s string) bool {
	if len(s) < 2 {
		return false
	}
	for i, c := range s {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return false
		}
	}
	return true
}

// localPath returns the directory that the address means, or "".
func localPath(address string) string {
	m, place, err := findMedium(address)
	if err != nil || m.scheme != "local" {
		return ""
	}
	return place
}

// stack puts the limits over the medium and the patience over both.
func stack(g global, out *console, under store.Store) store.Store {
	return retry.New(
		limit.New(under, bucket(g.limitUp), bucket(g.limitDown)),
		retry.Options{Attempts: g.attempts, Notify: func(op string, name store.Name, err error, pause time.Duration) {
			out.notice("", fmt.Sprintf("%s %s failed, trying again in %s: %v", op, name, pause.Round(time.Millisecond), err))
		}},
	)
}

func bucket(kib int) *limit.Bucket {
	if kib == 0 {
		return nil
	}
	return limit.NewBucket(kib)
}

// openRepo opens the repository that the flags name. The caller closes it.
func openRepo(ctx context.Context, g global, out *console) (*repo.Repo, error) {
	m, place, err := g.medium()
	if err != nil {
		return nil, err
	}
	under, err := m.open(ctx, place)
	if err != nil {
		return nil, err
	}
	st := stack(g, out, under)
	password, err := readPassword(ctx, g, "password of "+place, false)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	r, err := repo.Open(ctx, st, repo.Options{Password: password, CacheDir: g.cacheDir, Fold: foldIndex})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return r, nil
}
