package sources

import (
	"context"
	"io"
)

// Content is an Item made of a function that opens the content, for sources
// whose entries have no extended attributes.
type Content func(ctx context.Context) (io.ReadCloser, error)

var _ Item = Content(nil)

// Open calls the function.
func (c Content) Open(ctx context.Context) (io.ReadCloser, error) { return c(ctx) }

// Xattrs returns none.
func (c Content) Xattrs() ([]Xattr, error) { return nil, nil }
