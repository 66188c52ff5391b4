package main

import (
	"context"
	"errors"
	"os"

	"ivyvault/index"
	"ivyvault/index/foldproc"
	table "ivyvault/index/versions"
	"ivyvault/index/versions/child"
	"ivyvault/repo"
	"ivyvault/repo/history"
	"ivyvault/repo/versions"
)

// asChild does the work of a second process of this program, where the command
// line asks for it: tables of the cache are rewritten by a process of its own,
// so that a full disk harms nothing else.
func asChild(ctx context.Context, args []string) (code int, is bool) {
	if len(args) != 2 {
		return 0, false
	}
	switch args[0] {
	case foldproc.Verb:
		return foldproc.Child(ctx, args[1], os.Stdin, os.Stdout, os.Stderr), true
	case child.Verb:
		return child.Main(ctx, args[1], os.Stdin, os.Stdout, os.Stderr), true
	}
	return 0, false
}

// foldIndex rewrites the index of a large repository by a second process of
// this program.
func foldIndex(ctx context.Context, dir string, live []index.Name, fetch index.Fetch) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return foldproc.Run(ctx, program, dir, live, fetch)
}

// foldVersions brings the table of versions up to date, where so much is
// missing that it pays, by a second process of this program. It does nothing
// that an answer needs, so what goes wrong is told as a remark.
func foldVersions(ctx context.Context, r *repo.Repo, tab *versions.Tabled, out *console) {
	if r.CachePath("") == "" || !tab.ShouldFold() {
		return
	}
	program, err := os.Executable()
	if err == nil {
		_, err = history.Fold(ctx, r, func(ctx context.Context, dir string, live []table.Chain, feed table.Feed) (table.Report, error) {
			return child.Run(ctx, program, dir, live, feed)
		})
	}
	switch {
	case err == nil:
		tab.Reload()
	case errors.Is(err, versions.ErrFolding) || ctx.Err() != nil:
	default:
		out.notice("", "the table of versions was not brought up to date, so versions are looked up more slowly: "+err.Error())
	}
}
